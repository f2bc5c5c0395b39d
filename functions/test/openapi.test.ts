import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { authorize } from '../../sandbox/provider/browser.ts';
import { stack } from '../../sandbox/test/stack.ts';
import type { Route } from '../src/triggers/routes.ts';
import { type Deployed, loadDeployed } from './harness/deployed.ts';
import { enter, type User } from './harness/emulated.ts';

const file = new URL('../../docs/api/openapi.json', import.meta.url);
const committed: unknown = JSON.parse(readFileSync(file, 'utf8'));

describe('the description of the REST API (docs/api/openapi.json)', function () {
  this.timeout(60_000);

  let deployed: Deployed;
  let source: typeof import('../src/openapi/document.ts');
  let routes: readonly Route[];
  before(async () => {
    deployed = await loadDeployed();
    source = await import('../src/openapi/document.ts');
    ({ routes } = await import('../src/triggers/routes.ts'));
  });
  after(() => deployed.leave());

  it('is what the routes and their schemas say: npm run openapi writes it', () => {
    assert.deepEqual(committed, JSON.parse(JSON.stringify(source.openApiDocument())));
  });

  it('is OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(Object(committed));
    assert.ok(valid, JSON.stringify(errors));
    assert.match(Object(committed).openapi, /^3\.1\./);
  });

  it('describes nothing that there is not', async () => {
    const { operations } = await import('../src/openapi/operations.ts');
    const known = new Set(routes.map(({ operation }) => operation));
    assert.deepEqual(
      Object.keys(operations).filter((name) => !known.has(name)),
      [],
    );
  });

  describe('holds for what is answered', () => {
    let ada: User;
    before(async () => {
      ada = await enter('ada');
    });
    after(() => ada?.leave());

    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(Object(committed), 'openapi');
    const pointer = (...names: string[]) =>
      `openapi#${names.map((name) => `/${name.replaceAll('/', '~1')}`).join('')}`;

    /** Asks, and judges the answer by what is written of that operation. */
    const ask = async (operation: string, id = '', body?: unknown) => {
      const route = routes.find((one) => one.operation === operation);
      assert.ok(route?.method !== undefined, operation);
      const { method } = route;
      const template = source.templateOf(route);
      const answer = await fetch(
        `${stack.urls.api.replace(/\/v1$/, '')}${template.replace('{id}', id)}`,
        {
          method,
          headers: {
            authorization: `Bearer ${await ada.idToken()}`,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
      );
      const given: unknown = await answer.json();
      const schema = answer.ok
        ? [
            ...['paths', template, method.toLowerCase(), 'responses', '200'],
            ...['content', 'application/json', 'schema'],
          ]
        : ['components', 'schemas', 'Problem'];
      const isValid = ajv.getSchema(pointer(...schema));
      assert.ok(isValid !== undefined, schema.join('/'));
      assert.ok(isValid(given), `${operation}: ${JSON.stringify(isValid.errors)}`);
      return { status: answer.status, given: Object(given) };
    };

    it('of every operation that a user has from connecting an account to being forgotten', async () => {
      const begun = await ask('connections-begin', '', { provider: 'sandbox' });
      const { authorizationUrl, state } = begun.given;
      const told = await authorize({ authorizationUrl, account: 'ada', decision: 'allow' });
      const { code, iss } = Object.fromEntries(told);
      const completed = await ask('connections-complete', '', { state, code, iss });
      const { id } = completed.given;
      const device = await ask('connections-beginDevice', '', { provider: 'sandbox' });
      const key = { provider: 'sandbox-key', credentials: { api_key: 'sandbox-key-of-ada' } };
      const results = [
        await ask('describe'),
        await ask('providers-list'),
        begun,
        completed,
        await ask('connections-add', '', key),
        await ask('connections-list'),
        await ask('connections-get', id),
        await ask('connections-call', id, { method: 'GET', path: '/me' }),
        await ask('connections-profile', id),
        await ask('connections-exchange', id, {
          scopes: ['openid'],
          audience: ['orders'],
          keep: true,
        }),
        device,
        await ask('connections-pollDevice', '', { state: device.given.state }),
        await ask('audit-list'),
        await ask('connections-export'),
        await ask('connections-disconnect', id),
        await ask('connections-forget'),
      ];
      assert.deepEqual([...new Set(results.map(({ status }) => status))], [200]);
    });

    it('of refusals, each with its code', async () => {
      const nobodys = 'A'.repeat(22);
      const refused = [
        await ask('connections-get', nobodys),
        await ask('connections-token', nobodys),
        await ask('connections-call', nobodys, { method: 'GET', path: '/../x' }),
        await ask('connections-begin', '', { provider: 'none' }),
        await ask('connections-complete', '', { state: 'none', code: 'none' }),
        await ask('connections-begin', '', { unknown: true }),
      ];
      assert.deepEqual(
        refused.map(({ given }) => given.code),
        [
          ...['connection_not_found', 'connection_not_found', 'connection_not_found'],
          ...['provider_unknown', 'state_unknown', 'invalid_argument'],
        ],
      );
    });
  });
});
