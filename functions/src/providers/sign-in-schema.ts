import * as v from 'valibot';
import { scopeSchema } from './primitives.ts';

/** Takes the tokens of a sign-in with Firebase Auth into the vault; see docs/sign-in.md. */
export const signInSchema = v.strictObject({
  /** As Firebase Auth names it: `google.com`, `saml.acme`, `oidc.acme`. */
  providerId: v.pipe(
    v.string(),
    v.regex(/^[a-z][\w.-]{1,62}$/, 'must be as Firebase names it: google.com or oidc.acme'),
  ),
  /** What the app asks for when it signs users in: the event does not tell. */
  scopes: v.optional(v.array(scopeSchema), []),
});

type SignIn = v.InferOutput<typeof signInSchema>;

/** Two providers of one sign-in: nobody could say whose its tokens are. */
export function wrongSignInOf(id: string, providers: Readonly<Record<string, object>>) {
  const signInOf = (one: string) => {
    const { signIn }: { signIn?: SignIn } = providers[one] ?? {};
    return signIn?.providerId;
  };
  const own = signInOf(id);
  const others = Object.keys(providers).filter((one) => one !== id);
  if (own === undefined || !others.some((one) => signInOf(one) === own)) return undefined;
  return { field: 'signIn.providerId', why: 'is that of another provider too' };
}
