import { createHash } from 'node:crypto';
import type { CallbackParameters } from './callback-parameters.ts';

/**
 * Hands the answer to the window that opened this one, if its origin is exactly the app's; else goes
 * to the app with the answer as parameters. Its data stands in the page as JSON, not as code.
 */
const script = `
const { message, origin, location: next } = JSON.parse(document.getElementById('answer').textContent);
if (window.opener) {
  window.opener.postMessage(message, origin);
  window.close();
} else {
  window.location.replace(next);
}`;

const style =
  'body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;' +
  'margin:0;padding:1rem;color-scheme:light dark;text-align:center}';

const sourceOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The page holds a code: it is shown to nobody, kept by nobody and loads nothing. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The opener must stay reachable: this page speaks to it.
  'cross-origin-opener-policy': 'unsafe-none',
  'content-security-policy':
    `default-src 'none'; script-src ${sourceOf(script)}; style-src ${sourceOf(style)}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/** The page that passes the answer on to `target`, an address that the settings allow. */
export function callbackPage(target: URL, parameters: CallbackParameters): string {
  const answer = {
    message: { type: 'strongroom:authorization', ...parameters },
    origin: target.origin,
    location: withParameters(target, parameters).href,
  };
  // Inside a script element only "<" can end the data.
  const json = JSON.stringify(answer).replaceAll('<', '\\u003c');
  return page(
    'Connecting…',
    `<p>Connecting… You can close this window when the app says so.</p>
<script type="application/json" id="answer">${json}</script>
<script>${script}</script>`,
  );
}

/** A page that says what went wrong, in words of ours only. */
export function errorPage(message: string): string {
  return page('Not connected', `<p>${message}</p>`);
}

/**
 * The app's address with the answer, what is kept of the rest as JSON; deep links of apps take it in the
 * same way.
 */
export function withParameters(target: URL, { parameters, ...told }: CallbackParameters): URL {
  const url = new URL(target);
  const kept = parameters && JSON.stringify(parameters);
  for (const [name, value] of Object.entries({ ...told, parameters: kept })) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${style}</style>
${body}
</html>
`;
}
