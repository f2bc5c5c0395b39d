import type { ServerResponse } from 'node:http';
import type { Sample } from '../../functions/src/providers/entry-schema.ts';
import { isRecord } from '../http/body.ts';

/** An answer of a simulated provider. */
export interface SimulatedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): SimulatedAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

/** A sample, or what stands in its place, in the sample's own status and content type. */
export function sampleAnswer(sample: Sample, body: unknown = sample.body): SimulatedAnswer {
  const { status, contentType = 'application/json' } = sample;
  return { status, headers: { 'content-type': contentType }, body: textOf(body, contentType) };
}

function textOf(body: unknown, contentType: string): string {
  if (typeof body === 'string') return body;
  if (!/x-www-form-urlencoded/.test(contentType) || !isRecord(body)) {
    return body === undefined ? '' : JSON.stringify(body);
  }
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) form.set(name, String(value));
  return form.toString();
}

export function redirectTo(url: URL): SimulatedAnswer {
  return { status: 302, headers: { location: url.href }, body: '' };
}

/** A form that submits itself: `response_mode=form_post` (OAuth 2.0 Form Post Response Mode). */
export function postedTo(url: URL, parameters: URLSearchParams): SimulatedAnswer {
  const inputs = [...parameters].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return {
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><form method="post" action="${escaped(url.href)}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`,
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** @param now the simulator's time, which its answers tell. */
export function send(response: ServerResponse, answer: SimulatedAnswer, now: number): void {
  response.writeHead(answer.status, { date: new Date(now).toUTCString(), ...answer.headers });
  response.end(answer.body);
}
