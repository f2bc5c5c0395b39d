/**
 * Follows an authorization request as a browser would, as far as the redirect back: what came there,
 * by a redirect or by a form that posts itself.
 *
 * @throws Error with what the provider says where it refuses the request.
 */
export async function visit(authorizationUrl: string): Promise<URLSearchParams> {
  const answer = await fetch(authorizationUrl, { redirect: 'manual' });
  const body = await answer.text();
  const location = answer.headers.get('location');
  if (location !== null) return new URL(location).searchParams;
  if (answer.status !== 200) throw new Error(`The authorization request was refused: ${body}`);
  const inputs = [...body.matchAll(/ name="([^"]*)" value="([^"]*)"/g)];
  const posted = new URLSearchParams();
  for (const [, name = '', value = ''] of inputs) posted.append(name, plain(value));
  return posted;
}

function plain(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
