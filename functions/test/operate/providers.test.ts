import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run as runCommand } from '../../../operate/command.ts';
import { googleApiOf } from '../../../operate/google-api.ts';
import { createSettingsDocument, firstSettings } from '../../../operate/providers/document.ts';
import { manageProviders } from '../../../operate/providers/parse.ts';
import { createSecrets, type Secrets } from '../../../operate/secrets.ts';
import { type SandboxProvider, startProvider } from '../../../sandbox/provider/provider.ts';
import {
  type SecretManager,
  startSecretManager,
} from '../../../sandbox/secret-manager/secret-manager.ts';
import { piped, type Script, typing } from './terminals.ts';

const projectId = 'demo-operate';
const secretId = 'strongroom-providers';
/** Any secret that shows up somewhere is found by it. */
const mark = 'XsecretX';

describe('npm run providers', () => {
  let provider: SandboxProvider;
  let secretManager: SecretManager;
  let secrets: Secrets;
  let folder: string;

  before(async () => {
    provider = await startProvider({ port: 0 });
    folder = await mkdtemp(join(tmpdir(), 'providers-'));
  });
  after(async () => {
    await provider.stop();
    await rm(folder, { recursive: true });
  });
  const environment = () => ({
    mode: 'sandbox' as const,
    projectId,
    secretManagerHost: `127.0.0.1:${secretManager.port}`,
  });
  beforeEach(async () => {
    secretManager = await startSecretManager({ port: 0, projectId });
    secrets = createSecrets(googleApiOf(environment()), projectId);
  });
  afterEach(() => secretManager.stop());

  const entry = () => ({
    kind: 'oidc',
    name: 'One',
    issuer: provider.url,
    clientId: 'strongroom-sandbox',
    apiBaseUrl: `${provider.url}/api`,
  });
  const start = (clientSecrets = [`${mark}-1`]) => {
    const { app } = firstSettings(projectId);
    const document = { app, providers: { one: { ...entry(), clientSecrets } } };
    secretManager.addSecretVersion(secretId, Buffer.from(JSON.stringify(document)));
    return document;
  };
  const newest = async () => {
    const [version] = await secrets.versions(secretId);
    assert.ok(version);
    const bytes = await secrets.access(secretId, version.number);
    return { version: version.number, ...JSON.parse(Buffer.from(bytes).toString()) };
  };
  /** Carries the command out; nothing of a secret may be seen. */
  const perform = async (args: string[], { terminal, screen }: ReturnType<typeof typing>) => {
    const command = (given: string[]) => manageProviders(given, terminal, environment);
    const code = await runCommand(command, args, terminal);
    assert.ok(!`${screen.stdout}${screen.stderr}`.includes(mark), screen.stdout + screen.stderr);
    return { code, ...screen };
  };
  const run = (args: string[], stdin = '') => perform(args, piped(stdin));
  const attend = (args: string[], script: Script) => perform(args, typing(script));
  const fileWith = async (content: unknown) => {
    const file = join(folder, 'entry.json');
    await writeFile(file, JSON.stringify(content));
    return file;
  };
  const entryArguments = () => {
    const { kind, name, issuer, clientId, apiBaseUrl } = entry();
    return [
      ...['--kind', kind, '--name', name, '--issuer', issuer, '--client-id', clientId],
      ...['--api-base-url', apiBaseUrl, '--scope', 'openid', '--scope', 'email'],
    ];
  };

  it('adds the first provider with the secret from stdin, and a new version each time', async () => {
    const { code, stdout } = await run(['add', 'one', ...entryArguments(), '--yes'], `${mark}-1\n`);
    assert.equal(code, 0);
    assert.match(stdout, /^\+ providers\.one\.clientSecrets\.0: \(hidden\)$/m);
    assert.match(stdout, /^\+ providers\.one\.scopes\.1: "email"$/m);
    const file = await fileWith({ ...entry(), name: 'Two' });
    assert.equal((await run(['add', 'two', '--from', file, '--yes'], `${mark}-2`)).code, 0);
    const { version, app, providers } = await newest();
    assert.equal(version, 2);
    assert.equal(app.redirectUri, `https://${projectId}.web.app/oauth/callback`);
    assert.deepEqual(providers.one.clientSecrets, [`${mark}-1`]);
    assert.deepEqual(providers.two, { ...entry(), name: 'Two', clientSecrets: [`${mark}-2`] });
    assert.equal((await secrets.versions(secretId)).at(-1)?.state, 'ENABLED');
  });

  it('asks for the secret without an echo, shows what changes, and adds after a yes', async () => {
    const args = ['add', 'one', ...entryArguments()];
    const { code, rawModes, stdout, stderr } = await attend(args, [
      [/Client secret of one \(is not shown\)/, `wrong\u0015${mark}x\u007f-1\r`],
      [/\[y\/N\]/, 'y\n'],
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(rawModes, [true, false]);
    assert.match(stdout, /^\+ providers\.one\.name: "One"$/m);
    assert.deepEqual((await newest()).providers.one.clientSecrets, [`${mark}-1`]);
  });

  it('changes nothing without a yes, nor after Ctrl-C', async () => {
    start();
    const no = await attend(['remove', 'one'], [[/\[y\/N\]/, '\n']]);
    assert.deepEqual(
      [no.code, no.stdout.split('\n')[0]],
      [1, `- providers.one.apiBaseUrl: "${provider.url}/api"`],
    );
    const interrupted = await attend(
      ['rotate-secret', 'one'],
      [[/New client secret/, `${mark}\u0003`]],
    );
    assert.deepEqual([interrupted.code, interrupted.rawModes], [130, [true, false]]);
    assert.equal((await newest()).version, 1);
  });

  it('asks nobody for a yes who is not there', async () => {
    start();
    const { code, stderr } = await run(['remove', 'one']);
    assert.equal(code, 2);
    assert.match(stderr, /say --yes/);
    assert.equal((await newest()).version, 1);
  });

  it('removes a provider and leaves the rest as it was written', async () => {
    const document = start();
    const more = {
      ...document,
      events: { types: ['expired'] },
      providers: { ...document.providers, two: entry() },
    };
    delete Object(more).events;
    secretManager.addSecretVersion(secretId, Buffer.from(JSON.stringify(more)));
    assert.equal((await run(['remove', 'two', '--yes'])).code, 0);
    const { version, ...rest } = await newest();
    assert.deepEqual([version, rest], [3, document]);
  });

  it('replaces a secret in two steps: the new one first beside the old one, then alone', async () => {
    start();
    const begun = await run(['rotate-secret', 'one', '--yes'], `${mark}-2\n`);
    assert.equal(begun.code, 0, begun.stderr);
    assert.match(begun.stderr, /rotate-secret one --finish/);
    assert.deepEqual((await newest()).providers.one.clientSecrets, [`${mark}-2`, `${mark}-1`]);
    const again = await run(['rotate-secret', 'one', '--yes'], `${mark}-3\n`);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /--finish/);
    const finished = await run(['rotate-secret', 'one', '--finish', '--yes']);
    assert.equal(finished.stdout, '- providers.one.clientSecrets.1: (hidden)\n');
    assert.deepEqual((await newest()).providers.one.clientSecrets, [`${mark}-2`]);
    assert.equal((await run(['rotate-secret', 'one', '--finish', '--yes'])).code, 1);
    const same = await run(['rotate-secret', 'one', '--yes'], `${mark}-2\n`);
    assert.match(same.stderr, /is the secret in force/);
    assert.equal((await newest()).version, 3);
  });

  it('keeps the secrets of a provider that is written anew, and adds no version for no change', async () => {
    start([`${mark}-2`, `${mark}-1`]);
    const file = await fileWith(entry());
    const same = await run(['add', 'one', '--from', file, '--replace', '--yes']);
    assert.deepEqual([same.code, same.stdout], [0, '']);
    const args = ['add', 'one', '--from', file, '--name', 'Uno', '--replace', '--yes'];
    assert.equal((await run(args)).stdout, '~ providers.one.name: "Uno"\n');
    const { version, providers } = await newest();
    assert.deepEqual([version, providers.one.clientSecrets], [2, [`${mark}-2`, `${mark}-1`]]);
  });

  it('writes where the app is', async () => {
    start();
    const site = 'https://app.example';
    const args = [
      'app',
      '--redirect-uri',
      `${site}/oauth/callback`,
      '--return-to',
      `${site}/`,
      '--yes',
    ];
    assert.equal((await run(args)).code, 0);
    assert.deepEqual((await newest()).app, {
      redirectUri: `${site}/oauth/callback`,
      returnTo: [`${site}/`],
    });
  });

  it('tells the second of two people that the newest version moved; nothing of the first is lost', async () => {
    start();
    const { code, stderr } = await attend(
      ['remove', 'one'],
      [
        [
          /\[y\/N\]/,
          () => {
            start([`${mark}-of-another`]);
            return 'y\n';
          },
        ],
      ],
    );
    assert.equal(code, 1);
    assert.match(stderr, /Somebody else added version 2 .* version 1\. Nothing was changed/);
    assert.deepEqual((await newest()).providers.one.clientSecrets, [`${mark}-of-another`]);
  });

  it('says so where somebody was faster between the last look and the adding', async () => {
    const written = start();
    const racing: Secrets = {
      ...secrets,
      add: (id, bytes) => {
        start([`${mark}-of-another`]);
        return secrets.add(id, bytes);
      },
    };
    const document = createSettingsDocument({
      secrets: racing,
      secretId,
      environment: environment(),
    });
    await assert.rejects(document.add(1, written), /version 2 .* same moment; version 3, yours/);
  });

  it('lists providers for people and for programs, secrets counted or hidden', async () => {
    start([`${mark}-2`, `${mark}-1`]);
    assert.match((await run(['list'])).stdout, /^one +oidc +One +http\S+ +strongroom-sandbox +2$/m);
    const { version, providers } = JSON.parse((await run(['list', '--json'])).stdout);
    assert.equal(version, 1);
    assert.deepEqual(providers.one.clientSecrets, ['(hidden)', '(hidden)']);
    assert.equal(providers.one.issuer, provider.url);
  });

  it('checks that what is named can be reached, and tells what cannot', async () => {
    const document = start();
    const good = await run(['check']);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /^one +token endpoint +ok$/m);
    const closed = await startSecretManager({ port: 0, projectId });
    await closed.stop();
    const gone = { ...entry(), issuer: closed.url, clientSecrets: [] };
    const picky = {
      ...{ kind: 'oauth2', name: 'Picky', clientId: 'c', clientAuthentication: 'none' },
      authorizationEndpoint: `${provider.url}/auth`,
      tokenEndpoint: `${provider.url}/token`,
      apiBaseUrl: `${provider.url}/api`,
      par: 'always',
    };
    const providers = { ...document.providers, gone, picky };
    secretManager.addSecretVersion(
      secretId,
      Buffer.from(JSON.stringify({ ...document, providers })),
    );
    const bad = await run(['check']);
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^gone +discovery +gives no usable discovery document/m);
    assert.match(bad.stdout, /^one +apiBaseUrl +ok$/m);
    assert.match(bad.stdout, /^picky +pushed requests +The provider picky takes no pushed/m);
  });

  it('names the field of a document that is wrong, and refuses to add one', async () => {
    const document = start();
    const wrong = await run(['add', 'two', ...entryArguments(), '--kind', mark, '--yes'], mark);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /not valid at providers\.two\.kind/);
    const app = await run(['app', '--redirect-uri', `http://${mark}/`, '--yes']);
    assert.equal(app.code, 2);
    assert.match(app.stderr, /not valid at app\.redirectUri: must be https/);
    assert.equal((await newest()).version, 1);
    const broken = {
      ...document,
      providers: { ...document.providers, bad: { clientSecrets: mark } },
    };
    secretManager.addSecretVersion(secretId, Buffer.from(JSON.stringify(broken)));
    const check = await run(['check']);
    assert.equal(check.code, 1);
    assert.match(check.stderr, /not valid at providers\.bad/);
    // What is wrong can be taken out.
    assert.equal((await run(['remove', 'bad', '--yes'])).code, 0);
    const { version, ...rest } = await newest();
    assert.deepEqual([version, rest], [3, document]);
  });

  it('asks for no secret where there is none to have', async () => {
    const args = ['add', 'one', ...entryArguments(), '--client-authentication', 'none', '--yes'];
    assert.equal((await run(args)).code, 0);
    assert.equal((await newest()).providers.one.clientSecrets, undefined);
    const { code, stderr } = await run(['rotate-secret', 'one', '--yes'], mark);
    assert.equal(code, 1);
    assert.match(stderr, /public client/);
  });

  const redirectUri = `https://${projectId}.web.app/oauth/callback`;

  it('adds a provider by its entry of the catalogue, and says what to register there', async () => {
    const args = ['--catalogue', 'okta', '--client-id', 'client', '--variable'];
    const { code, stderr } = await run(
      ['add', 'work', ...args, 'domain=acme.okta.com', '--yes'],
      `${mark}-1`,
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Register the app at: https:\/\/\S*okta\.com/m);
    assert.ok(stderr.includes(`Redirect URI to enter there: ${redirectUri}\n`));
    assert.match(stderr, /Create App Integration/);
    assert.deepEqual((await newest()).providers.work, {
      catalogue: 'okta',
      clientId: 'client',
      variables: { domain: 'acme.okta.com' },
      clientSecrets: [`${mark}-1`],
    });
    const listed = await run(['list']);
    assert.match(listed.stdout, /work +oidc +Okta.* https:\/\/acme\.okta\.com\/oauth2\/default/);
    assert.equal((await run(['rotate-secret', 'work', '--yes'], `${mark}-2`)).code, 0);
    const { clientSecrets } = (await newest()).providers.work;
    assert.deepEqual(clientSecrets, [`${mark}-2`, `${mark}-1`]);
  });

  it('lays variables over those of a file, and keeps the secret where it replaces an entry', async () => {
    const file = await fileWith({
      variables: { domain: 'old.okta.com', authorization_server: 'a1' },
    });
    const args = ['--catalogue', 'okta', '--from', file, '--client-id', 'client', '--yes'];
    assert.equal((await run(['add', 'work', ...args], `${mark}-1`)).code, 0);
    const replacing = ['--replace', '--variable', 'domain=acme.okta.com'];
    assert.equal((await run(['add', 'work', ...args, ...replacing])).code, 0);
    const { variables, clientSecrets } = (await newest()).providers.work;
    assert.deepEqual(variables, { domain: 'acme.okta.com', authorization_server: 'a1' });
    assert.deepEqual(clientSecrets, [`${mark}-1`]);
  });

  it('names what a provider knows the redirect URI by, where that is a name', async () => {
    const args = ['--catalogue', 'ebay', '--client-id', 'client', '--variable', 'ru_name=Acme-1'];
    const { code, stderr } = await run(['add', 'shop', ...args, '--yes'], mark);
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(`Redirect URI to enter there: ${redirectUri}\n`));
    assert.ok(stderr.includes('Name to give to it: Acme-1\n'));
  });

  it('asks for no secret and names no redirect URI where users bring a key', async () => {
    const { code, stderr } = await run(['add', 'claude', '--catalogue', 'anthropic', '--yes']);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /Redirect URI/);
    assert.deepEqual((await newest()).providers.claude, { catalogue: 'anthropic' });
  });

  it('says what is wrong where the newest version cannot be read', async () => {
    secretManager.addSecretVersion(secretId, Buffer.from(`"${mark}`));
    const { code, stderr } = await run(['list']);
    assert.equal(code, 1);
    assert.match(stderr, /Version 1 of strongroom-providers is no JSON object/);
    secretManager.setUnavailable(true);
    const down = await run(['remove', 'one', '--yes']);
    assert.equal(down.code, 1);
    assert.match(down.stderr, /503 UNAVAILABLE/);
  });

  const wrong: readonly [what: string, args: string[], says: RegExp, stdin?: string][] = [
    ['no command', [], /Usage/],
    ['an unknown command', ['edit'], /Usage/],
    ['an unknown option', ['list', '--all'], /Unknown option/],
    ['an option of another command', ['list', '--finish'], /list takes no --finish/],
    ['a secret as an option', ['add', 'one', '--client-secret', mark], /never an argument/],
    ['a secret as an option with =', ['add', 'one', `--clientSecret=${mark}`], /never an argument/],
    ['a secret as an argument', ['rotate-secret', 'one', mark], /never an argument/],
    ['an id that is none', ['remove', mark], /needs the id/],
    ['no id', ['remove'], /needs the id/],
    ['a provider that is not there', ['remove', 'two', '--yes'], /no provider two/],
    ['a provider that is there already', ['add', 'one', '--name', 'One'], /--replace/],
    ['nothing of a provider', ['add', 'two'], /--catalogue .*--from/],
    [
      'an entry that the catalogue does not have',
      ['add', 'two', '--catalogue', 'nowhere', '--client-id', 'c'],
      /providers\.two\.catalogue/,
    ],
    [
      'a variable that is missing',
      ['add', 'two', '--catalogue', 'okta', '--client-id', 'c'],
      /variables\.domain: is missing/,
    ],
    [
      'a variable of another shape',
      ['add', 'two', '--catalogue', 'okta', '--client-id', 'c', '--variable', `domain=${mark}`],
      /variables\.domain: must be like acme\.okta\.com/,
    ],
    [
      'a variable without a value',
      ['add', 'two', '--catalogue', 'okta', '--client-id', 'c', '--variable', mark],
      /--variable name=value/,
    ],
    ['a file that is not there', ['add', 'two', '--from', '/nowhere.json'], /readable file/],
    ['an empty secret', ['rotate-secret', 'one', '--yes'], /is empty/, '\n'],
    ['a secret of two lines', ['rotate-secret', 'one', '--yes'], /one word/, `${mark}\n${mark}\n`],
    ['app without anything', ['app'], /--redirect-uri/],
  ];
  for (const [what, args, says, stdin] of wrong) {
    it(`ends with exit code 2 for ${what}, repeating nothing that may be a secret`, async () => {
      start();
      const { code, stdout, stderr } = await run(args, stdin);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr);
      assert.match(stderr, says);
      assert.equal((await newest()).version, 1);
    });
  }

  it('ends with exit code 2 for a file that holds the secret', async () => {
    start();
    const file = await fileWith({ ...entry(), clientSecrets: [mark] });
    const { code, stderr } = await run(['add', 'two', '--from', file, '--yes']);
    assert.equal(code, 2);
    assert.match(stderr, /Leave clientSecrets out/);
  });
});
