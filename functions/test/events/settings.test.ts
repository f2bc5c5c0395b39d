import assert from 'node:assert/strict';
import { StrongroomError } from '../../src/errors.ts';
import { parseSettings } from '../../src/providers/settings.ts';

/** Stands for every value that must not be shown. */
const marker = 's3cret-marker';
const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
const webhook = { url: 'https://backend.example/strongroom', secrets: [secretOf(32)] };
const eventarc = { channel: 'locations/us-central1/channels/strongroom' };

function parse(events: unknown, allowLoopbackHttp = false) {
  const app = { redirectUri: 'https://app.example/cb', returnTo: ['https://app.example/'] };
  const text = JSON.stringify({ app, providers: {}, events });
  return parseSettings(new TextEncoder().encode(text), allowLoopbackHttp).events;
}

describe('the settings of events', () => {
  it('may be left out', () => assert.equal(parse(undefined), undefined));

  it('take a webhook, a channel, or both, and the types that are wanted', () => {
    for (const events of [{ webhook }, { eventarc }, { webhook, eventarc, types: ['refreshed'] }]) {
      assert.deepEqual(parse(events), events);
    }
  });

  it('take secrets of 24 to 64 bytes, and a second one while one is being replaced', () => {
    const secrets = [secretOf(24), secretOf(64)];
    assert.deepEqual(parse({ webhook: { ...webhook, secrets } })?.webhook?.secrets, secrets);
  });

  const wrong: readonly [what: string, events: unknown, field: string][] = [
    ['an unknown field', { hook: marker }, 'events.hook'],
    ['an unknown type', { types: [marker] }, 'events.types.0'],
    [
      'a webhook without secrets',
      { webhook: { ...webhook, secrets: [] } },
      'events.webhook.secrets',
    ],
    [
      'three secrets',
      { webhook: { ...webhook, secrets: [24, 32, 40].map(secretOf) } },
      'events.webhook.secrets',
    ],
    ...[`whsec_${marker}`, marker, secretOf(23), secretOf(65), `whsec_${'A'.repeat(33)}`].map(
      (secret): [string, unknown, string] => [
        `the secret ${secret.length} characters long`,
        { webhook: { ...webhook, secrets: [secret] } },
        'events.webhook.secrets.0',
      ],
    ),
    ['no URL', { webhook: { secrets: webhook.secrets } }, 'events.webhook.url'],
    [
      'plain http',
      { webhook: { ...webhook, url: `http://${marker}.example/` } },
      'events.webhook.url',
    ],
    [
      'a password in the URL',
      { webhook: { ...webhook, url: `https://a:${marker}@backend.example/` } },
      'events.webhook.url',
    ],
    ['a channel of another form', { eventarc: { channel: marker } }, 'events.eventarc.channel'],
    [
      'a channel of another project',
      { eventarc: { channel: `projects/${marker}/${eventarc.channel}` } },
      'events.eventarc.channel',
    ],
  ];
  for (const [what, events, field] of wrong) {
    it(`with ${what} are refused, naming ${field} and showing no value`, () => {
      assert.throws(
        () => parse(events, true),
        (error: unknown) => {
          assert.ok(error instanceof StrongroomError);
          assert.equal(error.code, 'settings_invalid');
          assert.equal(error.details.field, field);
          const said = `${error.message}${JSON.stringify(error)}`;
          assert.ok(!said.includes(marker) && !said.includes('whsec_A'), said);
          return true;
        },
      );
    });
  }

  it('take plain http to this machine in the sandbox only', () => {
    const local = { webhook: { ...webhook, url: 'http://127.0.0.1:8787/' } };
    assert.deepEqual(parse(local, true), local);
    assert.throws(() => parse(local), { code: 'settings_invalid' });
  });
});
