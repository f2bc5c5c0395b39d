import assert from 'node:assert/strict';
import { OAuthFailure } from '../../../src/oauth/failure.ts';
import type { QuirkName } from '../../../src/providers/quirks/quirks.ts';
import { refreshed } from '../../oauth/wired.ts';

const marker = 'm4rker';

/** Answers without a token in them, whatever they look like. */
const hostile: Readonly<Record<string, string>> = {
  'members of the wrong types': JSON.stringify({
    access_token: [marker],
    refresh_token: { marker },
    authed_user: marker,
    errors: { 0: marker },
    instance_url: [marker],
    expires_in: {},
    error: [marker],
  }),
  'lists in the place of objects': JSON.stringify({ authed_user: [marker], errors: [[marker]] }),
  'nothing in the place of everything': JSON.stringify({
    access_token: null,
    authed_user: null,
    errors: [null],
    instance_url: null,
    error: null,
  }),
  'names of prototypes': `{"__proto__": {"access_token": "${marker}"}, "constructor": 7,
    "authed_user": {"__proto__": {"access_token": "${marker}"}},
    "errors": [{"__proto__": {"code": "${marker}"}}]}`,
  'more than anybody would tell': JSON.stringify({
    errors: Array.from({ length: 1_000 }, () => ({ code: marker.repeat(30) })),
    instance_url: `https://${marker.repeat(3_000)}.example`,
    authed_user: { access_token: '', scope: marker.repeat(3_000) },
  }),
  'depths without end': `{"errors": ${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
  'half of an answer': `{"access_token": "${marker}`,
  nothing: '',
};

/** Defines tests: what a provider with this quirk answers, be it what it may, does no harm. */
export function bearsHostileAnswers(quirk: QuirkName): void {
  for (const [what, body] of Object.entries(hostile)) {
    for (const status of [200, 400]) {
      it(`takes ${what}, with status ${status}, for no answer, and repeats nothing of it`, () =>
        assert.rejects(refreshed({ quirks: [quirk] }, { status, body }), (error) => {
          assert.ok(error instanceof OAuthFailure, String(error));
          assert.equal(error.kind, 'invalid');
          assert.equal(JSON.stringify([error, error.message, error.cause]).includes(marker), false);
          return true;
        }));
    }
  }
}
