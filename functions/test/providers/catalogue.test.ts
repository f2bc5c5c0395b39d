import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { providersFile, providersPage } from '../../../operate/catalogue/docs.ts';
import { signs } from '../../../operate/catalogue/signs.ts';
import { table } from '../../../operate/table.ts';
import { entryIds, readCatalogueEntry } from '../../../sandbox/simulator/catalogue-entry.ts';
import { converse, type OpenSuite } from '../../../sandbox/simulator/conversation.ts';
import { promisesOf, steps } from '../../../sandbox/simulator/promises.ts';
import type { Entry } from '../../src/providers/entry-schema.ts';
import { createSuite } from '../../src/suite.ts';
import { withFirestoreAt } from '../harness/database.ts';
import { createWorld, type World } from '../harness/world.ts';

/** Entry × step; see docs/providers.md. */
describe('catalogue', () => {
  let world: World;
  let openSuite: OpenSuite;
  const rows: string[][] = [];

  before(async function () {
    this.timeout(120_000);
    world = await createWorld();
    openSuite = suitesIn(world);
    // The first request of an emulator takes longer than the suite would wait.
    await world.documents();
  });
  after(async () => {
    await world.stop();
    process.stdout.write(`\n${table(['entry', ...steps], rows)}\n\n`);
  });

  for (const id of entryIds()) {
    it(`${id} connects, calls, refreshes, is revoked and refused, as its data promises`, async () => {
      const entry = readCatalogueEntry(id);
      const { outcomes, failure } = await converse(id, entry, { openSuite });
      rows.push([id, ...steps.map((step) => (outcomes[step] ? signs[outcomes[step]] : 'FAILED'))]);
      if (entry.status === 'verified by simulator') {
        assert.equal(failure, undefined);
        assert.deepEqual(outcomes, promisesOf(entry));
      } else {
        assert.notEqual(failure, undefined, `${id} passes: its status is verified by simulator`);
      }
    });
  }

  describe('takes nothing for granted', function () {
    this.timeout(60_000);
    const changes: Readonly<Record<string, readonly [id: string, changed: object, at: RegExp]>> = {
      'scopes that are joined in another way': [
        'slack',
        { scopeSeparator: ' ' },
        /^slack: connect: .*there is no scope/,
      ],
      'a secret that travels in another way': [
        'spotify',
        { clientAuthentication: 'client_secret_post' },
        /^spotify: connect: .*\n.*refused POST token: the secret is in the body/,
      ],
      'a form where JSON is asked for': [
        'notion',
        { quirks: [] },
        /^notion: connect: .*\n.*refused POST token: the body is not application\/json/,
      ],
      'PKCE that is left out': ['spotify', { pkce: 'none' }, /^spotify: connect: .*code_challenge/],
      'a credential in another place': [
        'anthropic',
        { credential: { headers: { authorization: 'Bearer {api_key}' } } },
        /^anthropic: connect: /,
      ],
      'a revocation in another shape': [
        'github',
        { revocation: { method: 'POST', by: 'client' } },
        /^github: revoke: /,
      ],
      'a lifetime that is longer than the token’s': [
        'stripe',
        { life: { rotation: 'rotates', accessTokenSeconds: 86_400 } },
        /^stripe: refresh: the token was used after its end/,
      ],
    };
    for (const [what, [id, changed, at]] of Object.entries(changes)) {
      it(`and notices ${what}`, async () => {
        const { failure } = await converse(id, readCatalogueEntry(id), { openSuite, changed });
        assert.match(failure ?? 'nothing was noticed', at);
      });
    }

    it('and notices a fact that the samples do not bear out', async () => {
      const entry = readCatalogueEntry('instagram');
      const { answerPaths: _, ...provider } = entry.provider;
      const { failure } = await converse('wrong', { ...entry, provider }, { openSuite });
      assert.match(failure ?? 'nothing was noticed', /^wrong: connect: /);
    });

    it('and notices a dead grant that passes for trouble that will pass', async () => {
      const entry = readCatalogueEntry('slack');
      const life = { rotation: 'rotates', transientErrors: ['invalid_refresh_token'] };
      const wrong: Entry = { ...entry, provider: { ...entry.provider, life } };
      const { failure } = await converse('wrong', wrong, { openSuite });
      assert.match(failure ?? 'nothing was noticed', /^wrong: call after: a dead grant comes to/);
    });
  });
});

describe('docs/providers.md', () => {
  it('is what the catalogue says', () => {
    const isCurrent = readFileSync(providersFile, 'utf8') === providersPage();
    assert.ok(isCurrent, 'Write it anew: npm run catalogue -- docs');
  });
});

/** Suites of the world's project, each with settings in a secret of its own. */
function suitesIn({ projectId, secretManager, meter }: World): OpenSuite {
  return (id, settings, clock) => {
    const providersSecretId = `strongroom-providers-${id}-${randomBytes(4).toString('hex')}`;
    secretManager.addSecretVersion(providersSecretId, Buffer.from(JSON.stringify(settings)));
    const names = { databaseId: '(default)', keyringSecretId: 'strongroom-keyring' };
    const secretManagerHost = `127.0.0.1:${secretManager.port}`;
    return withFirestoreAt(`127.0.0.1:${meter.port}`, () =>
      createSuite(
        { mode: 'sandbox', projectId, secretManagerHost },
        { ...names, providersSecretId },
        { clock, enqueue: async () => {} },
      ),
    );
  };
}
