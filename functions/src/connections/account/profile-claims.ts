import { memberOf } from '../../platform/member.ts';
import {
  type ClaimName,
  claimKinds,
  type ProfileSettings,
} from '../../providers/profile-schema.ts';
import type { Account } from '../../store/documents.ts';

/** Whose an account is, by the claims of OpenID Connect Core 1.0 §5.1, as far as it was told. */
export type Profile = Readonly<Partial<Record<ClaimName, string | boolean | number>>>;

const longestText = 500;
const longestUrl = 2_048;
/** Of an account: what its owner is shown in a list. */
const longestShown = 200;

/**
 * Picks the claims out of what a provider told, in a form that can be shown: text of a limited length
 * and without control characters, addresses of web pages only. It is text and no markup: whoever
 * shows it must show it as text. What is none of that is left out.
 *
 * @param map where each claim is; default: under its own name.
 */
export function profileOf(told: unknown, map?: ProfileSettings['map']): Profile {
  const names = Object.keys(claimKinds).filter(isName);
  const claims = names.flatMap((name) => {
    const path = map === undefined ? [name] : Object.hasOwn(map, name) ? map[name] : undefined;
    const value = path === undefined ? undefined : claimFrom(name, memberOf(told, path));
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(claims);
}

/** What of it a connection is shown with. */
export function accountOf({ sub, name, email }: Profile): Account {
  const shown = (value: Profile[ClaimName]) =>
    typeof value === 'string' ? cut(value, longestShown) : undefined;
  const [shownName, shownEmail] = [shown(name), shown(email)];
  return {
    ...(typeof sub === 'string' && { subject: sub }),
    ...(shownName !== undefined && { name: shownName }),
    ...(shownEmail !== undefined && { email: shownEmail }),
  };
}

function isName(name: string): name is ClaimName {
  return Object.hasOwn(claimKinds, name);
}

function claimFrom(name: ClaimName, value: unknown): string | boolean | number | undefined {
  switch (claimKinds[name]) {
    case 'subject':
      return subjectOf(value);
    case 'text':
      return textOf(value);
    case 'url':
      return pageOf(value);
    case 'yes or no':
      return value === true || value === 'true'
        ? true
        : value === false || value === 'false'
          ? false
          : undefined;
    case 'time':
      return timeOf(value);
  }
}

/** To the letter, or not at all: accounts are told apart by it. Some number their accounts. */
function subjectOf(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  const isSubject = typeof text === 'string' && text !== '' && text.length <= 255;
  return isSubject && text.isWellFormed() && !/\p{Cc}/u.test(text) ? text : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  // Control characters, and those that turn the direction of what follows.
  const plain = value.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  return plain === '' ? undefined : cut(plain, longestText);
}

/** No half of a character is left at the end. */
function cut(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}

function pageOf(value: unknown): string | undefined {
  const url = typeof value === 'string' && value.length <= longestUrl ? URL.parse(value) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : undefined;
}

/** Seconds since the epoch; also a date, as most APIs have it. */
function timeOf(value: unknown): number | undefined {
  const isDate = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
  const seconds = isDate ? Math.floor(Date.parse(value) / 1_000) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined;
}
