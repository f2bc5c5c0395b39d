import { memberOf } from '../../platform/member.ts';
import type { Quirk } from './quirk.ts';

/** One code out of the first: `{"resource": "Grant", "field": "code", "code": "invalid"}`. */
const parts = ['resource', 'field', 'code'] as const;

export const errorInList: Quirk = {
  summary: 'Errors come as a list; the first is read as `<resource>.<field>.<code>`.',
  token: (send) => async (request) => {
    const answer = await send(request);
    const { errors, error } = answer.members ?? {};
    if (!Array.isArray(errors) || typeof error === 'string') return answer;
    const said = parts
      .map((part) => memberOf(errors[0], part))
      .filter((value) => typeof value === 'string' && value !== '');
    return said.length === 0
      ? answer
      : { ...answer, members: { ...answer.members, error: said.join('.') } };
  },
};
