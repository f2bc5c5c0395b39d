import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readBody } from '../../../sandbox/http/body.ts';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { createEventWorld, type EventWorld } from './event-world.ts';

const channel = 'locations/us-central1/channels/strongroom';
const variable = 'CLOUD_EVENTARC_EMULATOR_HOST';

/** A request to Eventarc, and how the emulator answered. */
interface Published {
  readonly path: string;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly status: number;
}

describe('the Eventarc channel', function () {
  this.timeout(60_000);
  let published: Published[] = [];
  let isDown = false;
  let events: EventWorld;
  let proxy: LocalServer;
  const host = process.env[variable];

  before(async () => {
    events = await createEventWorld();
    const emulator = `http://127.0.0.1:${stack.ports.eventarc}`;
    const server = createServer((request, response) => {
      void (async () => {
        const body = (await readBody(request)).toString('utf8');
        const path = request.url ?? '';
        if (isDown) return void response.writeHead(403).end();
        const { status } = await fetch(`${emulator}${path}`, { method: 'POST', body });
        published.push({ path, status, events: JSON.parse(body).events });
        response.writeHead(status).end();
      })();
    });
    proxy = await listen(server, 0);
    process.env[variable] = proxy.url;
  });
  after(async () => {
    if (host === undefined) delete process.env[variable];
    else process.env[variable] = host;
    await Promise.all([events.stop(), proxy.stop()]);
  });
  beforeEach(async () => {
    published = [];
    isDown = false;
    await events.reset();
  });

  it('gets each event as a CloudEvent, which the emulator takes', async () => {
    const { world } = events;
    const suite = events.newSuite({ webhook: undefined, eventarc: { channel } });
    const { id } = await world.connect('ada', { suite });
    await events.runTasks(suite);
    const [request] = published;
    assert.equal(request?.status, 200);
    assert.equal(request.path, `/projects/${world.projectId}/${channel}:publishEvents`);
    const [event] = request.events;
    const { textData, attributes, ...rest } = event ?? {};
    assert.deepEqual(rest, {
      '@type': 'type.googleapis.com/io.cloudevents.v1.CloudEvent',
      id: `${id}_1`,
      type: 'strongroom.connected',
      specVersion: '1.0',
      source: `urn:strongroom:${world.projectId}`,
    });
    assert.deepEqual(JSON.parse(String(textData)), {
      connectionId: id,
      uid: 'ada',
      provider: 'sandbox',
      sequence: 1,
      renewed: false,
    });
    assert.deepEqual(Object(attributes).subject, { ceString: id });
    assert.equal(events.receiver.deliveries.length, 0);
  });

  it('and the webhook each get every event, neither waiting for the other', async () => {
    const suite = events.newSuite({ eventarc: { channel } });
    isDown = true;
    const { id } = await events.world.connect('ada', { suite });
    await suite.disconnect({ uid: 'ada' }, id);
    await events.runTasks(suite);
    assert.deepEqual(
      events.receiver.deliveries.map(({ data }) => data['sequence']),
      [1, 2],
    );
    assert.equal(published.length, 0);
    isDown = false;
    await events.tick(suite, 10 * 60_000);
    assert.deepEqual(
      published.flatMap((request) => request.events.map(({ id: eventId }) => eventId)),
      [`${id}_1`, `${id}_2`],
    );
    assert.equal(events.receiver.deliveries.length, 2);
  });
});
