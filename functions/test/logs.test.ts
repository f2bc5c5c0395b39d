import assert from 'node:assert/strict';
import { spawnServe } from '../../sandbox/serve/spawn.ts';
import { stack } from '../../sandbox/test/stack.ts';
import { log } from '../src/logs.ts';
import { logged } from './harness/logs.ts';
import { createWorld, type World } from './harness/world.ts';

describe('the logs', () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.stop());

  it('tell of every failure and hold no code, token, secret or state', async () => {
    const secrets: string[] = [];
    world.publish(({ app, providers }) => ({
      app,
      providers: Object.fromEntries(
        Object.entries(providers).map(([name, provider]) => [
          name,
          { ...provider, allowTokenRelease: true },
        ]),
      ),
    }));
    const suite = world.newSuite();
    const answer = await world.answer('ada', { suite });
    const { id } = await suite.complete({ uid: 'ada' }, answer);
    secrets.push(answer.state, answer.code ?? '', world.provider.clientSecret);
    const release = async () => {
      const deadlineAt = world.clock.now() + 10_000;
      secrets.push((await suite.token({ uid: 'ada' }, id, deadlineAt)).accessToken);
    };
    await release();
    world.clock.advance(301_000);
    world.provider.addFault({ endpoint: 'token', status: 503 });
    await release();
    secrets.push((await world.vault(id)).sealed);
    world.provider.revokeGrants();
    await assert.rejects(world.call('ada', id, suite));
    world.provider.addFault({ endpoint: 'revocation', status: 400, body: { error: 'nothing' } });
    await suite.disconnect({ uid: 'ada' }, id);
    log.unexpected('test', new Error(`quoting ${secrets[0]}`, { cause: secrets }));

    const lines = logged();
    // The logger adds a stack to what is an error.
    const messages = lines.map((line) => JSON.parse(line).message.split('\n')[0]);
    assert.deepEqual(messages, [
      'refresh failed',
      'refresh failed',
      'connection needs its user',
      'the provider did not revoke a grant',
      'Error: unexpected error',
    ]);
    assert.deepEqual(
      lines.slice(0, 2).map((line) => [JSON.parse(line).kind, JSON.parse(line).providerError]),
      [
        ['transient', undefined],
        ['user', 'invalid_grant'],
      ],
    );
    assert.equal(
      secrets.every((secret) => secret.length >= 20),
      true,
    );
    for (const secret of secrets) assert.equal(lines.join('\n').includes(secret), false);
  });

  it('hold nothing of a callable request that is not in its envelope, or no JSON', async () => {
    const served = await spawnServe(stack);
    const complete = (body: string) =>
      fetch(`${served.url}/connections-complete`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    try {
      for (const body of [{ state: 'marked' }, ['marked'], { state: 'marked', data: {} }]) {
        const answer = await complete(JSON.stringify(body));
        assert.equal(answer.status, 400);
        assert.equal(Object(await answer.json()).error.status, 'INVALID_ARGUMENT');
      }
      const malformed = await complete('{"data":{"code":"marked"');
      assert.equal(Object(await malformed.json()).code, 'malformed_json');
      assert.match(served.output(), /missing data/);
      assert.doesNotMatch(served.output(), /marked/);
    } finally {
      await served.stop();
    }
  });
});
