import assert from 'node:assert/strict';
import { readProfile } from '../../src/connections/account/ask-profile.ts';
import { accountOf, profileOf } from '../../src/connections/account/profile-claims.ts';
import { partyAnswering } from '../oauth/parties.ts';

describe('the claims of a profile', () => {
  it('are those of OpenID Connect, of the kind that each is', () => {
    const told = {
      sub: 'ada',
      name: 'Ada',
      email_verified: 'true',
      phone_number_verified: 1,
      updated_at: 1_700_000_000,
      locale: { language: 'en' },
      iss: 'https://id.example',
      secret: 'x',
    };
    assert.deepEqual(profileOf(told), {
      sub: 'ada',
      name: 'Ada',
      email_verified: true,
      updated_at: 1_700_000_000,
    });
  });

  it('are found where the data says, in what the answer itself has and nowhere else', () => {
    const map = {
      sub: 'data.0.id',
      name: ['a.b', 'c'],
      nickname: '__proto__.polluted',
      email: 'constructor.name',
    };
    const told = { data: [{ id: 7 }], 'a.b': { c: 'Ada' } };
    assert.deepEqual(profileOf(told, map), { sub: '7', name: 'Ada' });
    assert.deepEqual(profileOf(JSON.parse('{"__proto__": {"polluted": "x"}}'), map), {
      nickname: 'x',
    });
    assert.equal(Object('').polluted, undefined);
  });

  for (const told of [undefined, null, 'text', 7, [], { sub: null }]) {
    it(`are none in ${JSON.stringify(told)}`, () => assert.deepEqual(profileOf(told), {}));
  }

  it('hold an identifier to the letter or not at all', () => {
    const subjects = { 'a b': 'a b', '<ada>': '<ada>', '00u1': '00u1', ' ada': ' ada' };
    for (const [told, kept] of Object.entries(subjects)) {
      assert.equal(profileOf({ sub: told }).sub, kept);
    }
    const refused = ['', 'x'.repeat(256), 'a\u0000b', 'a\ud800', 1.5, 2 ** 60, {}, true];
    for (const told of refused) assert.deepEqual(profileOf({ sub: told }), {});
  });

  it('hold text as text: of a limited length, in one line, in its own direction', () => {
    const { name } = profileOf({ name: '<script>alert(1)</script>\r\n\u202eadA\u0007 ' });
    assert.equal(name, '<script>alert(1)</script> adA');
    assert.equal(String(profileOf({ name: 'x'.repeat(100_000) }).name).length, 500);
    assert.deepEqual(profileOf({ name: ' \u0000 ' }), {});
  });

  it('hold no half of a character, which no document takes', () => {
    const { name = '' } = accountOf(profileOf({ sub: 'ada', name: `${'x'.repeat(199)}😀` }));
    assert.ok(name.isWellFormed());
    assert.equal(name.length, 200);
    assert.ok(String(profileOf({ name: 'a\ud800' }).name).isWellFormed());
  });

  it('hold addresses of web pages, and no scripts', () => {
    const pages = {
      picture: 'javascript:alert(1)',
      website: 'data:text/html,x',
      profile: 'https://page.example/ada',
    };
    assert.deepEqual(profileOf(pages), { profile: 'https://page.example/ada' });
    assert.deepEqual(profileOf({ picture: `https://x.example/${'x'.repeat(3_000)}` }), {});
  });

  it('hold asterisks in place of an access token that the answer repeats', async () => {
    const accessToken = 'an-access-token~that/is+secret==';
    const party = partyAnswering(() => new Response());
    const profile = { endpoint: '/me', method: 'GET', headers: {}, map: { sub: 'id' } } as const;
    const source = { kind: 'endpoint', url: new URL('https://one.example/me'), profile } as const;
    const said = {
      id: 'ada',
      debug: { authorization: `Bearer ${accessToken}` },
      '\\': accessToken,
    };
    const tokenSet = { accessToken, tokenType: 'bearer', scopes: [], obtainedAt: 0 };
    const read = await readProfile(party, source, Response.json(said), {
      tokenSet,
      subject: undefined,
    });
    const stars = '*'.repeat(accessToken.length);
    assert.deepEqual(read, { id: 'ada', debug: { authorization: `Bearer ${stars}` }, '\\': stars });
  });
});
