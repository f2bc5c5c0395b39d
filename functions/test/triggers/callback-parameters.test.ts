import assert from 'node:assert/strict';
import { answerFrom } from '../../../client/src/answer.ts';
import { broughtOf } from '../../src/connections/authorize/brought.ts';
import { callbackPage, withParameters } from '../../src/triggers/callback-page.ts';
import { callbackParametersOf, stateIn } from '../../src/triggers/callback-parameters.ts';
import { completeRequest, parseRequest } from '../../src/triggers/requests.ts';

const read = (query: string, kept: readonly string[] = [], codeParameter = 'code') =>
  callbackParametersOf(new URLSearchParams(query), { codeParameter, kept });
const invalid = { code: 'invalid_argument' };

describe('what the callback page hands on', () => {
  const query = 'state=s&code=c&realmId=12&other=x&shop=a.b';

  it("is the protocol's own where the provider's data keeps nothing", () => {
    assert.equal(read(query).parameters, undefined);
  });

  it("is of the rest what the provider's data names, and no more", () => {
    assert.deepEqual(read(query, ['realmId', 'missing']).parameters, { realmId: '12' });
  });

  it('is nothing at all of an answer that has a parameter twice', () => {
    for (const twice of ['realmId', 'state', 'code']) {
      assert.throws(() => read(`${query}&${twice}=x`, ['realmId']), invalid);
    }
  });

  it('is the code under the name that the provider has for it, and under no other', () => {
    assert.equal(read('state=s&authCode=a&code=c', [], 'authCode').code, 'a');
    assert.equal(read('state=s&code=c', [], 'authCode').code, undefined);
    assert.throws(() => read('state=s&authCode=a&authCode=b', [], 'authCode'), invalid);
    assert.throws(() => read(`state=s&authCode=${'a'.repeat(4_097)}`, [], 'authCode'), invalid);
  });

  it('is for one state', () => {
    assert.equal(stateIn(new URLSearchParams('state=s&code=c')), 's');
    for (const without of ['code=c', 'state=&code=c', 'state=s&state=s']) {
      assert.throws(() => stateIn(new URLSearchParams(without)), invalid);
    }
  });

  it('comes to the app in a message and in an address alike, and can be completed with', () => {
    const told = read(query, ['realmId', 'shop']);
    const complete = (answer: unknown) => parseRequest(completeRequest, answer);
    const url = withParameters(new URL('https://app.example/'), told);
    const byAddress = answerFrom((name) => {
      const value = url.searchParams.get(name);
      return name === 'parameters' ? JSON.parse(value ?? 'null') : value;
    });
    const page = callbackPage(new URL('https://app.example/'), told);
    const { message } = JSON.parse(/id="answer">(.*?)<\/script>/s.exec(page)?.[1] ?? '');
    const byMessage = answerFrom((name) => message[name]);
    for (const answer of [byAddress, byMessage]) {
      const { parameters, ...rest } = complete(answer);
      assert.deepEqual(parameters, { realmId: '12', shop: 'a.b' });
      assert.deepEqual(rest, { state: 's', code: 'c' });
    }
  });

  it('is refused where there is too much of it, or what nobody could see', () => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`p${at}`, 'x']));
    for (const parameters of [many, { a: 'x'.repeat(2_049) }, { a: 'a b' }, { a: '' }, { a: 1 }]) {
      const answer = { state: 's', code: 'c', parameters };
      assert.throws(() => parseRequest(completeRequest, answer), invalid);
    }
  });
});

describe('what the app hands on of it', () => {
  const provider = { callbackParameters: ['realmId'] };

  it('is kept where it is one segment of a path', () => {
    for (const realmId of ['9341453', 'a-b_c.d~e', '...', 'x'.repeat(200)]) {
      assert.deepEqual(broughtOf(provider, { realmId }), { realmId });
    }
    assert.deepEqual(broughtOf(provider), {});
  });

  for (const realmId of [
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    '%2e%2e',
    'a?b',
    'a#b',
    'a@b',
    'a:b',
    '{realmId}',
    'a b',
    'ä',
    'x'.repeat(201),
  ]) {
    it(`is refused where it could be more: ${JSON.stringify(realmId.slice(0, 20))}`, () => {
      assert.throws(
        () => broughtOf(provider, { realmId }),
        (error: unknown) => {
          const { code, details } = Object(error);
          assert.deepEqual([code, details.field], ['invalid_argument', 'parameters.realmId']);
          return true;
        },
      );
    });
  }

  it("is refused where the provider's data does not name it", () => {
    for (const name of ['other', 'constructor', '__proto__', 'state']) {
      assert.throws(() => broughtOf(provider, JSON.parse(`{"${name}": "x"}`)), invalid);
    }
  });
});
