import type { Quirk } from './quirk.ts';

/** What is spent for the next one is the token itself, so it is kept as the refresh token, too. */
export const refreshWithAccessToken: Quirk = {
  summary: 'There is no refresh token: the access token is spent in its place.',
  token: (send) => async (request) => {
    const answer = await send(request);
    const { access_token: accessToken, refresh_token: refreshToken } = answer.members ?? {};
    const isAlone = typeof accessToken === 'string' && !refreshToken;
    return isAlone
      ? { ...answer, members: { ...answer.members, refresh_token: accessToken } }
      : answer;
  },
};
