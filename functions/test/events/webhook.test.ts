import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { listen } from '../../../sandbox/http/local-server.ts';
import { createEgress, type Egress, type OutgoingRequest } from '../../src/egress/egress.ts';
import type { Sent } from '../../src/events/sender.ts';
import { createWebhookSender } from '../../src/events/webhook.ts';
import type { Settings } from '../../src/providers/settings-schema.ts';
import type { EventDocument } from '../../src/store/event-documents.ts';
import { type Answer, type Receiver, startReceiver, verify } from './receiver.ts';

const now = Date.parse('2026-11-22T10:00:00Z');
const clock = { now: () => now };
const [oldSecret, newSecret] = [1, 2].map(
  (byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`,
);
const event: EventDocument = {
  subject: 'c1',
  lane: 'c1_webhook',
  sequence: 3,
  sink: 'webhook',
  type: 'needs_reauth',
  uid: 'ada',
  provider: 'sandbox',
  data: { reason: 'revoked' },
  occurredAt: now - 1_000,
  state: 'pending',
  attempts: 1,
  nextAttemptAt: now,
  giveUpAt: now,
  lastFailure: null,
  deleteAt: now,
};

function settingsOf(url: string, secrets = [oldSecret]): Settings {
  const webhook = { url, secrets: secrets.map(String) };
  return { app: { redirectUri: '', returnTo: [] }, providers: {}, events: { webhook } };
}

describe('the webhook', () => {
  let receiver: Receiver;
  before(async () => {
    receiver = await startReceiver();
  });
  after(() => receiver.stop());
  beforeEach(() => receiver.reset());

  const sandbox = createEgress({ allowLoopback: true });
  const send = (settings = settingsOf(receiver.url), egress: Egress = sandbox): Promise<Sent> =>
    createWebhookSender(egress, clock)(event, settings);

  it('is what Standard Webhooks asks for', async () => {
    assert.deepEqual(await send(), { kind: 'delivered' });
    const [delivery] = receiver.deliveries;
    assert.ok(delivery !== undefined);
    assert.deepEqual(verify(oldSecret ?? '', delivery, now), {
      type: 'needs_reauth',
      timestamp: '2026-11-22T09:59:59.000Z',
      data: { connectionId: 'c1', uid: 'ada', provider: 'sandbox', sequence: 3, reason: 'revoked' },
    });
    assert.equal(delivery.headers['webhook-id'], 'c1_3');
    assert.equal(delivery.headers['webhook-timestamp'], String(now / 1_000));
    assert.equal(delivery.headers['content-type'], 'application/json');
  });

  it('tells of a provider without naming a connection or a user', async () => {
    const about = { ...event, subject: 'provider_sandbox', uid: null } as const;
    const down = { ...about, type: 'provider_down', data: { reason: 'down' } } as const;
    await createWebhookSender(sandbox, clock)(down, settingsOf(receiver.url));
    assert.deepEqual(receiver.deliveries[0]?.data, {
      provider: 'sandbox',
      sequence: 3,
      reason: 'down',
    });
  });

  it('is signed with both secrets while one is being replaced, and with nothing else', async () => {
    await send(settingsOf(receiver.url, [newSecret, oldSecret]));
    const [delivery] = receiver.deliveries;
    assert.ok(delivery !== undefined);
    for (const secret of [oldSecret, newSecret]) verify(secret ?? '', delivery, now);
    const other = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
    assert.throws(() => verify(other, delivery, now), /No matching signature/);
    assert.throws(() =>
      verify(oldSecret ?? '', { ...delivery, text: delivery.text.replace('ada', 'eve') }, now),
    );
    assert.equal(delivery.headers['webhook-signature']?.split(' ').length, 2);
  });

  const outcomes: readonly [what: string, answer: Answer, sent: Sent][] = [
    ['200', 200, { kind: 'delivered' }],
    ['204', 204, { kind: 'delivered' }],
    ['400', 400, { kind: 'failed', why: 'status_400' }],
    ['410', 410, { kind: 'gone', why: 'status_410' }],
    ['500', 500, { kind: 'failed', why: 'status_500' }],
    ['304', 304, { kind: 'failed', why: 'status_304' }],
    ['no answer', 'drop', { kind: 'failed', why: 'dropped' }],
    [
      '429 with Retry-After',
      { status: 429, headers: { 'retry-after': '7' } },
      { kind: 'failed', why: 'status_429', retryAfterSeconds: 7 },
    ],
  ];
  for (const [what, answer, sent] of outcomes) {
    it(`that gets ${what} is ${sent.kind}`, async () => {
      receiver.answerWith(answer);
      assert.deepEqual(await send(), sent);
      assert.equal(receiver.deliveries.length, 1);
    });
  }

  it('that gets no answer in time has failed; the time is 15 s', async () => {
    receiver.answerWith('hang');
    const asked: OutgoingRequest[] = [];
    const impatient: Egress = (request) => {
      asked.push(request);
      return sandbox({ ...request, timeoutMs: 200 });
    };
    const sent = await send(undefined, impatient);
    assert.deepEqual(sent, { kind: 'failed', why: 'timeout' });
    assert.deepEqual(
      asked.map(({ timeoutMs }) => timeoutMs),
      [15_000],
    );
  });

  it('that is answered without an end has failed', async () => {
    const endless = await listen(
      createServer((_request, response) => response.end(Buffer.alloc(1_048_576))),
      0,
    );
    assert.deepEqual(await send(settingsOf(endless.url)), { kind: 'failed', why: 'too_large' });
    await endless.stop();
  });

  it('follows no redirect: the other place never sees the event', async () => {
    const other = await startReceiver();
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answerWith({ status, headers: { location: other.url } });
      assert.deepEqual(await send(), { kind: 'failed', why: `status_${status}` });
    }
    assert.deepEqual(other.deliveries, []);
    await other.stop();
  });

  it('reaches no private address outside the sandbox, by number or by name, and no plain http', async () => {
    const resolve = async () => [{ address: '10.1.2.3', family: 4 }];
    const production = createEgress({ allowLoopback: false, resolve });
    const urls = [
      receiver.url,
      receiver.url.replace('http:', 'https:'),
      'https://10.0.0.1/',
      'https://169.254.169.254/computeMetadata/v1/',
      'https://[::1]/',
      'https://named.example/',
      'http://named.example/',
    ];
    for (const url of urls) {
      assert.deepEqual(
        await send(settingsOf(url), production),
        { kind: 'failed', why: 'refused' },
        url,
      );
    }
    assert.deepEqual(receiver.deliveries, []);
  });

  it('without one in the settings is no delivery', async () => {
    const { events: _events, ...none } = settingsOf(receiver.url);
    assert.deepEqual(await send(none), { kind: 'failed', why: 'no_such_sink' });
  });
});
