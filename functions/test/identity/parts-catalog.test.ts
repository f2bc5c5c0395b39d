import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../sandbox/launch/paths.ts';
import { stack } from '../../../sandbox/test/stack.ts';
import { clientCredentials } from './services-world.ts';

const audience = 'https://parts.example.com';
const parts = `${stack.urls.functions}/parts`;
const bolt = { name: 'Bolt M8', description: '', priceCents: 12, stock: 400 };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

describe('the parts catalog, a codebase of its own in the sandbox', function () {
  this.timeout(60_000);

  const tokenFor = (scope: string, resource = audience) =>
    clientCredentials(stack.urls.provider, { client: 'parts-client', scope, resource });
  const ask = async (
    method: string,
    path: string,
    token: string | undefined,
    body?: unknown,
  ): Promise<Answer> => {
    const response = await fetch(parts + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, body: parsed };
  };
  let token: string;
  before(async () => {
    token = await tokenFor('parts.read parts.write');
  });

  it('creates, reads, updates and deletes', async () => {
    const created = await ask('POST', '', token, bolt);
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const { id, ...rest } = Object(created.body);
    assert.deepEqual(rest, bolt);
    assert.deepEqual((await ask('GET', `/${id}`, token)).body, { id, ...bolt });
    const changed = { ...bolt, stock: 0 };
    assert.equal((await ask('PUT', `/${id}`, token, changed)).status, 200);
    assert.deepEqual((await ask('GET', `/${id}`, token)).body, { id, ...changed });
    assert.equal((await ask('DELETE', `/${id}`, token)).status, 204);
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const body = method === 'PUT' ? bolt : undefined;
      assert.equal((await ask(method, `/${id}`, token, body)).status, 404, method);
    }
  });

  it('lists by pages, each part once', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      made.push(Object((await ask('POST', '', token, { ...bolt, name: `Nut ${n}` })).body).id);
    }
    const found: string[] = [];
    let after = '';
    do {
      const page = Object((await ask('GET', `?limit=2${after}`, token)).body);
      found.push(...page.parts.map((part: { id: string }) => part.id));
      assert.ok(page.parts.length <= 2);
      after = page.next === undefined ? '' : `&after=${page.next}`;
    } while (after !== '');
    assert.deepEqual([...new Set(found)], found);
    assert.ok(made.every((id) => found.includes(id)));
    for (const id of made) await ask('DELETE', `/${id}`, token);
  });

  it('refuses what is no part, and what it has no place for', async () => {
    for (const wrong of [{}, { ...bolt, stock: -1 }, { ...bolt, colour: 'red' }, [bolt], 'bolt']) {
      assert.equal((await ask('POST', '', token, wrong)).status, 400, JSON.stringify(wrong));
    }
    assert.equal((await ask('GET', '?limit=0', token)).status, 400);
    assert.equal((await ask('GET', '/a/b', token)).status, 404);
    const patched = await ask('PATCH', '', token, bolt);
    assert.deepEqual([patched.status, patched.headers.get('allow')], [405, 'GET, POST']);
  });

  describe('lets nobody in', () => {
    const refused = ({ status, headers }: Answer, expected: number, challenge: string) => {
      assert.deepEqual([status, headers.get('www-authenticate')], [expected, challenge]);
    };

    it('without a token, whatever he asks for', async () => {
      for (const path of ['', '/nothing/here']) {
        refused(await ask('GET', path, undefined), 401, 'Bearer realm="parts"');
      }
    });

    it('by a token for another API', async () => {
      refused(
        await ask('GET', '', await tokenFor('parts.read', 'https://other.example.com')),
        401,
        'Bearer realm="parts", error="invalid_token", error_description="The access token is for another audience."',
      );
    });

    it('by a token of another issuer', async () => {
      const [header, , signature] = token.split('.');
      const claims = { iss: 'https://evil.example', aud: audience, scope: 'parts.read' };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      refused(
        await ask('GET', '', `${header}.${payload}.${signature}`),
        401,
        'Bearer realm="parts", error="invalid_token", error_description="The access token is not valid."',
      );
    });

    it('to change anything by a token that may read', async () => {
      const reader = await tokenFor('parts.read');
      assert.equal((await ask('GET', '', reader)).status, 200);
      for (const [method, path] of [
        ['POST', ''],
        ['PUT', `/${'a'.repeat(20)}`],
        ['DELETE', `/${'a'.repeat(20)}`],
      ] as const) {
        refused(
          await ask(method, path, reader, bolt),
          403,
          'Bearer realm="parts", error="insufficient_scope", error_description="The access token lacks the scope parts.write.", scope="parts.write"',
        );
      }
    });
  });

  it('is called by its command-line client, which gets a token by itself', async () => {
    const run = (...args: string[]) =>
      promisify(execFile)(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          join(root, 'examples/parts-catalog/client.ts'),
          ...args,
        ],
        { env: { ...process.env, PARTS_ISSUER: stack.urls.provider } },
      );
    const { id } = JSON.parse((await run('POST', parts, JSON.stringify(bolt))).stdout);
    assert.deepEqual(JSON.parse((await run('GET', `${parts}/${id}`)).stdout), { id, ...bolt });
    await run('DELETE', `${parts}/${id}`);
    await assert.rejects(run('GET', `${parts}/${id}`), /404/);
    await assert.rejects(run('GET', 'http://evil.example.com/'), /must be https/);
  });
});
