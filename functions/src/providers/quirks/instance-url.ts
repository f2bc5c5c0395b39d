import type { Quirk } from './quirk.ts';

/** The rest of such a URL would stand in the middle of the API's, and its user would be sent along. */
export const instanceUrl: Quirk = {
  summary: 'The answer tells in `instance_url` where the API is; its origin alone is kept.',
  token: (send) => async (request) => {
    const answer = await send(request);
    const { instance_url: told, ...others } = answer.members ?? {};
    if (told === undefined) return answer;
    const origin = typeof told === 'string' ? originOf(told) : undefined;
    return { ...answer, members: { ...others, ...(origin && { instance_url: origin }) } };
  },
};

function originOf(value: string): string | undefined {
  const url = URL.parse(value.trim());
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}
