import type { Sample } from '../../../functions/src/providers/entry-schema.ts';
import { answerMembers } from '../../../functions/src/providers/wire-schema.ts';
import { type Rule, textsOf } from './finding.ts';

/** Where a member is: names joined by dots, or one by one. */
type Path = string | readonly string[];

/** Samples have what the data says is in such answers. */
export const samples: Rule = function* ({ entry, provider, isImported }) {
  if (isImported || !('answerPaths' in provider)) return;
  const { token, profile } = entry.samples;
  if (token === undefined) {
    yield { where: 'samples.token', what: 'is missing: what does the token endpoint answer?' };
    return;
  }
  // A quirk may take the token from elsewhere.
  const paths = {
    ...(provider.quirks.length === 0 && { access_token: 'access_token' }),
    ...provider.answerPaths,
  };
  const answers = [token, entry.samples.refresh, entry.samples.refreshError];
  for (const name of answerMembers) {
    const path = paths[name];
    const within = name === 'access_token' ? [token] : answers;
    if (path === undefined || within.some((sample) => memberAt(sample, path) !== undefined))
      continue;
    yield {
      where: `samples.${name === 'error' ? 'refreshError' : 'token'}`,
      what: `has no ${shown(path)}, where answerPaths says ${name} is`,
    };
  }
  const sub = provider.profile?.map['sub'];
  if (sub !== undefined && profile !== undefined && memberAt(profile, sub) === undefined) {
    yield { where: 'samples.profile', what: `has no ${shown(sub)}, where profile.map says sub is` };
  }
};

function shown(path: Path): string {
  return typeof path === 'string' ? path : path.join('.');
}

function memberAt(sample: Sample | undefined, path: Path): unknown {
  const names = typeof path === 'string' ? path.split('.') : path;
  const body = sample?.body;
  let value: unknown =
    typeof body === 'string' ? Object.fromEntries(new URLSearchParams(body)) : body;
  for (const name of names) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value;
}

/** What providers' real credentials look like. */
const realSecrets: readonly RegExp[] = [
  /\b(AKIA|ASIA)[A-Z\d]{16}\b/,
  /\bgh[opsur]_[A-Za-z\d]{36}\b/,
  /\bgithub_pat_\w{40,}/,
  /\bglpat-[\w-]{20}\b/,
  /\b[rs]k_(live|test)_[A-Za-z\d]{16,}/,
  /\bxox[abeprs]-\d{6,}-/,
  /\bAIza[\w-]{35}\b/,
  /\bya29\.[\w-]{30,}/,
  /\bSG\.[\w-]{16,}\.[\w-]{30,}/,
  /\bsk-[\w-]{32,}/,
  /\bshp(at|ca|ss)_[a-f\d]{32}\b/,
  /\bEAA[A-Za-z\d]{60,}/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  // Long, and of all kinds of characters: nobody made it up.
  /\b(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{40,}\b/,
];
/** Words by which somebody who makes one up says so. */
const invented = /invented|example|sample|fake|dummy|placeholder|not-?a-?real/i;

/** No entry holds what could be somebody's secret. */
export const secrets: Rule = function* ({ entry }) {
  for (const { where, text } of textsOf(entry.samples, 'samples')) {
    const isReal = realSecrets.some((real) => real.test(text));
    if (isReal && !invented.test(text) && !/^https:\/\//.test(text)) {
      yield { where, what: 'looks like a real secret: make one up that holds the word "invented"' };
    }
  }
};
