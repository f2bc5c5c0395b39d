import { fieldsOf } from '../../../functions/src/providers/template.ts';
import { givenNamesOf } from '../../../functions/src/providers/wrong-credentials.ts';
import { type Judged, type Rule, textsOf } from './finding.ts';

/** What stands for the credential, the registration and the issuer's own template. */
const protocolNames = ['access_token', 'client_id', 'client_secret', 'token', 'tenantid'];
/** Braces in these are no places of a template. */
const prose = /\.(pattern|label|hint|body)$/;

/** Variables are used, and used ones are there. */
export const variables: Rule = function* ({ entry, provider }) {
  const texts = [...textsOf(entry.provider, 'provider')].filter(({ where }) => !prose.test(where));
  const known = new Set([...Object.keys(entry.variables), ...namesOf(provider)]);
  for (const { where, text } of texts) {
    const unknown = fieldsOf(text).find((name) => !known.has(name));
    if (unknown !== undefined) {
      yield { where, what: `{${unknown}} is neither a variable nor a field that is kept` };
    }
  }
  const used = new Set(texts.flatMap(({ text }) => fieldsOf(text)));
  for (const name of Object.keys(entry.variables)) {
    if (!used.has(name))
      yield { where: `variables.${name}`, what: 'is used nowhere: leave it out' };
  }
};

/** What else may stand in templates. */
function namesOf(provider: Judged['provider']): string[] {
  return [
    ...protocolNames,
    ...provider.keep,
    ...Object.keys(provider.lookup?.keep ?? {}),
    ...('callbackParameters' in provider ? provider.callbackParameters : []),
    ...givenNamesOf(provider).all,
  ];
}
