import { StrongroomError } from '../../errors.ts';
import type { AuthorizingProvider } from '../../providers/settings-schema.ts';
import { isSegment, type Values } from '../../providers/variables.ts';

/**
 * Parameters of the authorization response that the provider's data keeps, as the app handed them on.
 *
 * @throws StrongroomError `invalid_argument` naming the field; its value is never shown.
 */
export function broughtOf(
  { callbackParameters }: Pick<AuthorizingProvider, 'callbackParameters'>,
  given: Values = {},
): Values {
  if (!Object.keys(given).every((name) => callbackParameters.includes(name))) {
    const known = callbackParameters.join(', ') || 'none';
    throw new StrongroomError(
      'invalid_argument',
      `Of this provider's further parameters ${known} may be handed on.`,
      { field: 'parameters' },
    );
  }
  for (const [name, value] of Object.entries(given)) {
    if (isSegment(value)) continue;
    throw new StrongroomError(
      'invalid_argument',
      `The provider's parameter ${name} is not of a form that can be used. Connect the account again.`,
      { field: `parameters.${name}` },
    );
  }
  return given;
}
