import type { Quirk } from './quirk.ts';

/** Userinfo or the profile tells whose account it is. */
export const idTokenUnread: Quirk = {
  summary: 'ID tokens lack the nonce, or name another issuer or audience: they are not read.',
  token: (send) => async (request) => {
    const answer = await send(request);
    if (answer.members === undefined) return answer;
    const { id_token: _unread, ...members } = answer.members;
    return { ...answer, members };
  },
};
