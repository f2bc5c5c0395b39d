import { StrongroomError } from '../errors.ts';

/** Ways to connect that are off until the team's settings name them. */
const ways = {
  deviceAuthorization: 'Devices cannot be authorized at this provider',
  tokenExchange: 'Tokens of this provider are not exchanged',
  profile: 'This provider does not tell whose account it is',
} as const;

/** What a caller is told who asks for what this provider's settings do not have. */
export function notOffered(field: keyof typeof ways): StrongroomError {
  return new StrongroomError(
    'not_offered',
    `${ways[field]}: the team would have to set ${field} in its settings.`,
    { field },
  );
}
