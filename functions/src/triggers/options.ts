import { setGlobalOptions } from 'firebase-functions/options';
import { defineString, expr, projectID } from 'firebase-functions/params';
import { longestCacheSeconds } from '../calls/access-token.ts';
import { usualCookie } from '../identity/session-cookie.ts';
import { leaseMs } from '../refresh/protocol.ts';

/** The Firestore database that holds the suite's collections. */
export const databaseId = defineString('STRONGROOM_DATABASE', {
  default: '(default)',
  description: 'The Firestore database of the vault.',
});
/** The secret whose versions are the keyring. */
export const keyringSecretId = defineString('STRONGROOM_KEYRING_SECRET', {
  default: 'strongroom-keyring',
  description: 'The Secret Manager secret whose versions are the keys.',
});
/** The secret that holds the providers' settings. */
export const providersSecretId = defineString('STRONGROOM_PROVIDERS_SECRET', {
  default: 'strongroom-providers',
  description: "The Secret Manager secret that holds the providers' settings.",
});

/** Who is checked, and how; see docs/callers.md. */
export const checkRevoked = defineString('STRONGROOM_CHECK_REVOKED', {
  default: 'sensitive',
  description:
    'Operations that ask Firebase Auth whether the session was revoked: sensitive, all, or these and further names.',
});
export const appCheck = defineString('STRONGROOM_APP_CHECK', {
  default: 'none',
  description:
    'Operations that take requests of attested apps only: none, sensitive, all, or names.',
});
export const appCheckOnce = defineString('STRONGROOM_APP_CHECK_ONCE', {
  default: 'sensitive',
  description:
    'Those among them that take each App Check token once: none, sensitive, all, or names.',
});
export const sessionCookie = defineString('STRONGROOM_SESSION_COOKIE', {
  default: usualCookie,
  description: 'The cookie that holds a Firebase session. Behind Hosting it must be __session.',
});

export const tokenCacheSeconds = defineString('STRONGROOM_TOKEN_CACHE_SECONDS', {
  default: String(longestCacheSeconds),
  description:
    'How long an instance keeps an opened token in memory, in seconds: 60 at most; 0: not at all.',
});

/** Whether sign-ins bring tokens; see docs/sign-in.md. */
export const seedSignIns = defineString('STRONGROOM_SEED_SIGN_INS', {
  default: 'off',
  description:
    "What takes the tokens of Firebase sign-ins into the vault: off, trigger (this suite's own blocking function), helper (the app's).",
});

/** Which account a function runs as; `npm run setup` makes them and docs/deploy.md says what each may. */
const accountOf = (name: string, usual: string, description: string) =>
  expr`${defineString(name, { default: usual, description })}@${projectID}.iam.gserviceaccount.com`;
/** Whoever answers strangers: reads no secret. */
export const pageAccount = accountOf(
  'STRONGROOM_PAGE_ACCOUNT',
  'strongroom-page',
  'The id of the service account that serves the callback page.',
);
/** Opens token sets. */
export const vaultAccount = accountOf(
  'STRONGROOM_VAULT_ACCOUNT',
  'strongroom-vault',
  'The id of the service account that opens token sets.',
);
/** Makes and ends keys, and reads none. */
export const keysAccount = accountOf(
  'STRONGROOM_KEYS_ACCOUNT',
  'strongroom-keys',
  'The id of the service account that makes and ends keys.',
);
/**
 * Who may have Cloud Tasks run a task: who hands it over, and nobody else. These cannot be parameters:
 * who names the accounts otherwise lets them invoke the tasks himself.
 */
export const taskInvokers = {
  vault: ['strongroom-vault@'],
  both: ['strongroom-vault@', 'strongroom-keys@'],
};

setGlobalOptions({
  serviceAccount: vaultAccount,
  region: 'us-central1',
  // Loading is work for the processor; below this memory a cold start takes twice as long.
  memory: '512MiB',
  maxInstances: 100,
});

/** How long a request may take, in seconds, before the platform ends it. */
export const requestTimeoutSeconds = 60;
/** A refresh that begins at the last moment must be over before that: it must not be cut off. */
const deadlineMarginMs = leaseMs;

/** When the work of a request that starts now must be over; in the clock's ticks. */
export function deadlineFrom(now: number): number {
  return now + requestTimeoutSeconds * 1_000 - deadlineMarginMs;
}
