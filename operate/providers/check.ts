import { createEgress } from '../../functions/src/egress/egress.ts';
import { StrongroomError } from '../../functions/src/errors.ts';
import { assertBindable } from '../../functions/src/oauth/authorization-request.ts';
import type { AuthorizingParty } from '../../functions/src/oauth/authorizing-party.ts';
import { idTokenKeysOf } from '../../functions/src/oauth/id-token.ts';
import { createPartyFinder, type Party } from '../../functions/src/oauth/party.ts';
import { isPushed } from '../../functions/src/oauth/pushed-authorization.ts';
import { registrationOf } from '../../functions/src/oauth/registration.ts';
import { takesCredentials } from '../../functions/src/providers/credential-fields.ts';
import type { Provider, Settings } from '../../functions/src/providers/settings-schema.ts';
import { fieldsOf } from '../../functions/src/providers/template.ts';

/** One thing that was looked at, and what is wrong with it. */
export interface Finding {
  readonly provider: string;
  readonly what: string;
  readonly problem?: string;
}

const timeoutMs = 10_000;
const maxBytes = 250_000;

/**
 * Asks every provider for what the suite will need of it: its discovery document (OpenID Connect
 * Discovery 1.0), and whether its endpoints and its API answer at all. Sends no credential.
 */
export async function checkProviders(settings: Settings, isSandbox: boolean): Promise<Finding[]> {
  const egress = createEgress({ allowLoopback: isSandbox });
  const findParty = createPartyFinder({ egress, allowLoopback: isSandbox });

  const answers = async (provider: string, what: string, url: string): Promise<Finding> => {
    try {
      // Whatever it says: only a server answers.
      await egress({ url: new URL(url), method: 'GET', headers: {}, timeoutMs, maxBytes });
      return { provider, what };
    } catch (error) {
      const kind = error instanceof Error && 'kind' in error ? error.kind : 'unreachable';
      if (kind === 'too_large') return { provider, what };
      return { provider, what, problem: `${new URL(url).host} does not answer (${kind})` };
    }
  };

  const checkOne = async (provider: Provider): Promise<Finding[]> => {
    const { id } = provider;
    let party: Party;
    try {
      party = await findParty(provider);
    } catch (error) {
      const apis = apisOf(provider).map(([what, url]) => answers(id, what, url));
      // Where its endpoints are depends on what each user brings.
      if (error instanceof StrongroomError && error.code === 'invalid_argument') {
        return [...secretsOf(provider), ...(await Promise.all(apis))];
      }
      const problem = 'gives no usable discovery document; correct issuer, or ask the provider';
      return [{ provider: id, what: 'discovery', problem }, ...(await Promise.all(apis))];
    }
    const { server } = party;
    const endpoints: readonly (readonly [what: string, url: string | undefined])[] = [
      ['authorization endpoint', server.authorization_endpoint],
      ['token endpoint', server.token_endpoint],
      ['revocation endpoint', server.revocation_endpoint],
      ...apisOf(provider),
    ];
    const missing = endpoints
      .filter(([what, url]) => url === undefined && needsOf(provider).includes(what))
      .map(([what]) => ({ provider: id, what, problem: 'its discovery document names none' }));
    const asked = endpoints.map(async ([what, url]) =>
      url === undefined ? [] : [await answers(id, what, url)],
    );
    const secrets = secretsOf(provider);
    return [...secrets, ...missing, ...offersOf(party), ...(await Promise.all(asked)).flat()];
  };

  const providers = Object.entries(settings.providers);
  const found = await Promise.all(providers.map(([id, entry]) => checkOne({ ...entry, id })));
  return found.flat();
}

/** The endpoints without which nobody could be connected. */
function needsOf({ kind }: Provider): readonly string[] {
  if (kind === 'api-key' || kind === 'basic') return [];
  const isAuthorizing = kind === 'oidc' || kind === 'oauth2';
  return [...(isAuthorizing ? ['authorization endpoint'] : []), 'token endpoint'];
}

/** What the settings ask for, each of which throws where the provider does not offer it. */
const asked: readonly (readonly [what: string, check: (party: AuthorizingParty) => unknown])[] = [
  ['pushed requests', isPushed],
  ['DPoP', (party) => party.provider.dpop && assertBindable(party)],
  ['keys of ID tokens', idTokenKeysOf],
];

function offersOf(party: Party): Finding[] {
  const { provider } = party;
  if (takesCredentials(provider)) return [];
  return asked.flatMap(([what, check]) => {
    try {
      check({ ...party, provider });
      return [];
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      return [{ provider: provider.id, what, problem: error.message }];
    }
  });
}

/** None where each connection has its own. */
function apisOf({ apiBaseUrl }: Provider): (readonly [what: string, url: string])[] {
  return fieldsOf(apiBaseUrl).length === 0 ? [['apiBaseUrl', apiBaseUrl]] : [];
}

/** What the app proves with who it is; none where users bring registrations of their own. */
function secretsOf(provider: Provider): Finding[] {
  const { id } = provider;
  const { clientId, method, secrets, keys, certificate } = registrationOf(provider);
  if (method === 'none' || clientId === undefined) return [];
  const isSecret = method.startsWith('client_secret');
  const what = isSecret ? 'client secret' : 'client key';
  const isThere = isSecret ? secrets.length > 0 : keys.length > 0 || certificate !== undefined;
  if (isThere) return [{ provider: id, what }];
  const command = isSecret ? `rotate-secret ${id}` : `add ${id} --replace --from <file>`;
  const problem = `there is none; add one: npm run providers -- ${command}`;
  return [{ provider: id, what, problem }];
}
