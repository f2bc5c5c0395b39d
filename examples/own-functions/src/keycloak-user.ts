import { connections } from '../../../functions/src/client/index.ts';
import { forUser } from './for-user.ts';

/** OpenID Connect Core 1.0 §5.3.2. */
interface UserInfo {
  readonly sub: string;
  readonly preferred_username?: string;
  readonly email?: string;
}

/** What the realm says of the user: `apiBaseUrl` is `…/realms/NAME/protocol/openid-connect`. */
export const keycloakUser = forUser(async (uid) => {
  const keycloak = await connections.client(uid, 'keycloak');
  const { data } = await keycloak.get<UserInfo>('/userinfo');
  return { subject: data.sub, name: data.preferred_username ?? null, email: data.email ?? null };
});
