import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { stack } from '../../sandbox/test/stack.ts';
import { chromiumArguments, findChromium, noChromium } from './chromium.ts';

/** Each function starts cold once, and the machine may be small. */
const actionTimeoutMs = 30_000;
const testTimeoutMs = 120_000;

describe('the connect page, in a real browser', function () {
  this.timeout(testTimeoutMs);

  const { urls } = stack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the browser itself held against the page. */
  let complaints: string[];

  before(async function () {
    const executablePath = findChromium();
    if (executablePath === undefined) {
      console.warn(noChromium);
      this.skip();
    }
    browser = await chromium.launch({ executablePath, args: chromiumArguments });
  });
  after(() => browser?.close());

  beforeEach(async () => {
    complaints = [];
    context = await browser.newContext({ locale: 'en-GB' });
    context.setDefaultTimeout(actionTimeoutMs);
    context.on('weberror', (error) => complaints.push(error.error().message));
    context.on('console', (message) => {
      if (/Content Security Policy|Trusted/.test(message.text())) complaints.push(message.text());
    });
    page = await context.newPage();
    await page.goto(urls.connectPage);
  });
  afterEach(async function () {
    if (this.currentTest?.isFailed()) {
      console.warn('The page said:', await page.getByRole('alert').textContent());
    }
    await context?.close();
    assert.deepEqual(complaints, [], 'the page broke a script or its own security policy');
  });

  it('connects an account in a popup, calls its API, and disconnects it, all shown live', async () => {
    await page.getByRole('button', { name: 'Continue as Ada' }).click();
    await tile().waitFor();
    await disconnectAll();
    await connect(`ada-${randomUUID()}`);

    const row = rows().first();
    await row.getByText('Connected').waitFor();
    await row.getByRole('button', { name: 'Call /me' }).click();
    await row.getByText('Answered 200').waitFor();
    const answer: unknown = JSON.parse(
      (await row.getByLabel('The answer', { exact: true }).textContent()) ?? '',
    );
    assert.ok(isObject(answer) && typeof answer['sub'] === 'string', 'no account was answered');

    await row.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
    await rows().waitFor({ state: 'detached' });
    await page.getByText('Disconnected, and revoked at Sandbox.').waitFor();
  });

  it('keeps a connection when the question whether to disconnect is answered with no', async () => {
    await signInAsSomebodyNew();
    await connect();
    await rows().getByRole('button', { name: 'Disconnect' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.reload();
    await rows().getByText('Connected').waitFor();
  });

  it('shows several accounts of one provider side by side', async () => {
    await signInAsSomebodyNew();
    await connect();
    await connect();
    await tile().getByText('2 accounts').waitFor();
    assert.equal(await rows().count(), 2);
  });

  it('shows an account name that looks like markup as text', async () => {
    await signInAsSomebodyNew();
    const login = `<img src=x onerror="document.title='taken over'">`;
    await connect(login);
    assert.equal(await rows().getByRole('heading').textContent(), login);
    assert.equal(await page.title(), 'Strongroom');
  });

  it('says popup_closed when the user closes the window, and leaves nothing behind', async () => {
    await signInAsSomebodyNew();
    const popup = await openPopup();
    await popup.close();
    await error('popup_closed').waitFor();
    await page.reload();
    await tile().getByText('Not connected').waitFor();
  });

  it('says popup_blocked when the browser lets no window open', async () => {
    await signInAsSomebodyNew();
    await page.evaluate('window.open = () => null');
    await tile().getByRole('button', { name: 'Connect' }).click();
    await error('popup_blocked').waitFor();
  });

  it('says state_expired when the user takes too long, and closes the window', async () => {
    await page.clock.install();
    await signInAsSomebodyNew();
    const popup = await openPopup();
    const closed = popup.waitForEvent('close');
    await page.clock.fastForward('11:00');
    await error('state_expired').waitFor();
    await closed;
  });

  it('says access_denied when the user refuses at the provider, and connects nothing', async () => {
    await signInAsSomebodyNew();
    const popup = await openPopup();
    const closed = popup.waitForEvent('close');
    await popup.getByRole('button', { name: 'Cancel' }).click();
    await error('access_denied').waitFor();
    await closed;
    await tile().getByText('Not connected').waitFor();
    assert.equal(await rows().count(), 0);
  });

  it('ignores a message that is not from its popup, not from the callback, or for another state', async () => {
    await signInAsSomebodyNew();
    const completions: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/connections-complete')) {
        completions.push(request.postData() ?? '');
      }
    });
    const begun = page.waitForResponse((response) => response.url().endsWith('/connections-begin'));
    const popup = await openPopup();
    const { authorizationUrl, state } = Object(await (await begun).json()).result;
    const forged = (ofState: string) =>
      JSON.stringify({ type: 'strongroom:authorization', state: ofState, code: 'forged' });

    // Of the page itself: right origin and state, wrong window.
    await page.evaluate(`window.postMessage(${forged(state)}, '*')`);
    // Of the popup while it is at the provider: right window and state, wrong origin.
    assert.notEqual(new URL(popup.url()).origin, urls.hosting);
    await popup.evaluate(`window.opener.postMessage(${forged(state)}, '*')`);
    // Of the popup at the callback's origin: right window and origin, wrong state.
    await popup.goto(`${urls.hosting}/icon.svg`);
    await popup.evaluate(`window.opener.postMessage(${forged('of-somebody-else')}, '*')`);

    await popup.goto(authorizationUrl);
    await authorizeAtProvider(popup, randomUUID());
    await rows().getByText('Connected').waitFor();
    assert.equal(completions.length, 1);
    assert.ok(!completions[0]?.includes('forged'), 'a forged message was believed');
  });

  it('finishes by itself where the popup lost its opener', async () => {
    await signInAsSomebodyNew();
    const popup = await openPopup();
    // Without an opener the callback cannot post: it sends the window to the page instead.
    await popup.evaluate('window.opener = null');
    const closed = popup.waitForEvent('close');
    await authorizeAtProvider(popup, randomUUID());
    await rows().getByText('Connected').waitFor();
    await closed;
    await page.getByText('Sandbox is connected.').waitFor();
    assert.equal(await page.getByRole('alert').textContent(), '');
  });

  it('fits a narrow phone without scrolling sideways', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    const overflow = 'document.documentElement.scrollWidth - window.innerWidth';
    assert.ok(Number(await page.evaluate(overflow)) <= 0, 'the sign-in card is too wide');
    await signInAsSomebodyNew();
    await connect('somebody.with.a.rather.long.name@an.equally.long.domain.example.com');
    await rows().getByRole('button', { name: 'Call /me' }).click();
    await rows().getByText('Answered 200').waitFor();
    assert.ok(Number(await page.evaluate(overflow)) <= 0, 'the tiles are too wide');
  });

  it('asks for a reconnect when the provider took the access back, and heals that connection', async () => {
    await signInAsSomebodyNew();
    const login = randomUUID();
    await connect(login);
    const id = await rows().getAttribute('aria-labelledby');
    await revokeAtProvider(urls.provider, login);
    await rows().getByRole('button', { name: 'Call /me' }).click();
    await rows().getByText('Needs reconnecting').waitFor();

    const opened = page.waitForEvent('popup');
    await rows().getByRole('button', { name: 'Reconnect' }).click();
    await authorizeAtProvider(await opened, login);
    await rows().getByText('Connected').waitFor();
    assert.equal(await rows().getAttribute('aria-labelledby'), id);
  });

  it('says before when to reconnect once its user is warned, and offers it', async () => {
    await signInAsSomebodyNew();
    const login = randomUUID();
    await connect(login);
    const reconnect = rows().getByRole('button', { name: 'Reconnect' });
    assert.equal(await reconnect.isVisible(), false);
    const labelId = await rows().getAttribute('aria-labelledby');
    await warn(String(labelId).replace('connection-', ''), '2100-01-02T12:00:00Z');
    await rows().getByText('Reconnect before 2 January 2100.').waitFor();

    const opened = page.waitForEvent('popup');
    await reconnect.click();
    await authorizeAtProvider(await opened, login);
    await rows().getByText('Reconnect before').waitFor({ state: 'hidden' });
  });

  it('asks for an API key in a form, says where it is refused, and shows the account', async () => {
    await signInAsSomebodyNew();
    const keyed = page.getByRole('region', { name: 'API key', exact: true });
    const hand = async (key: string) => {
      await keyed.getByRole('button', { name: 'Connect' }).click();
      const form = page.getByRole('dialog');
      await form.getByLabel('API key').fill(key);
      await form.getByRole('button', { name: 'Connect' }).click();
    };
    await hand('sandbox-key-of- nobody');
    await error('credentials_refused').waitFor();
    await hand('sandbox-key-of-ada');
    await keyed.getByText('1 account').waitFor();
    assert.equal(await page.getByText('sandbox-key-of-ada').count(), 0);
  });

  it('asks for what is another for each user before it opens the popup', async () => {
    const subdomain = {
      label: 'Subdomain',
      hint: 'of your desk',
      pattern: '[a-z]+',
      example: 'acme',
    };
    await page.route('**/providers-list', async (route) => {
      const response = await route.fetch();
      const { result } = Object(await response.json());
      const asking = result.map((one: object) => ({ ...one, variables: { subdomain } }));
      await route.fulfill({ response, json: { result: asking } });
    });
    let said: unknown;
    await page.route('**/connections-begin', async (route) => {
      const { variables, ...data } = Object(route.request().postDataJSON()).data;
      said = variables;
      await route.continue({ postData: JSON.stringify({ data }) });
    });
    await signInAsSomebodyNew();
    const press = () =>
      tile()
        .getByRole('button', { name: /^Connect/ })
        .click();
    await press();
    const form = page.getByRole('dialog');
    await form.getByText('of your desk. For example: acme').waitFor();
    const field = form.getByLabel('Subdomain');
    await field.fill('Not this');
    await form.getByRole('button', { name: 'Connect' }).click();
    await form.locator('input:invalid').waitFor();
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
    assert.equal(said, undefined);

    await press();
    await field.fill('acme');
    const opened = page.waitForEvent('popup');
    await form.getByRole('button', { name: 'Connect' }).click();
    await authorizeAtProvider(await opened, randomUUID());
    await rows().getByText('Connected').waitFor();
    assert.deepEqual(said, { subdomain: 'acme' });
  });

  const tile = (): Locator => page.getByRole('region', { name: 'Sandbox', exact: true });
  const rows = (): Locator => tile().getByRole('listitem');
  const error = (code: string): Locator => page.getByRole('alert').getByText(code, { exact: true });

  async function signInAsSomebodyNew(): Promise<void> {
    await page.getByLabel('Email').fill(`${randomUUID()}@example.com`);
    await page.getByLabel('Password').fill(randomUUID());
    await page.getByRole('button', { name: 'Create account' }).click();
    await tile().getByText('Not connected').waitFor();
  }

  async function openPopup(): Promise<Page> {
    const opened = page.waitForEvent('popup');
    await tile()
      .getByRole('button', { name: /^Connect/ })
      .click();
    const popup = await opened;
    await popup.waitForURL((url) => url.href.startsWith(urls.provider));
    return popup;
  }

  async function disconnectAll(): Promise<void> {
    for (let left = await rows().count(); left > 0; left--) {
      await rows().first().getByRole('button', { name: 'Disconnect' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
      await rows()
        .nth(left - 1)
        .waitFor({ state: 'detached' });
    }
  }

  async function connect(login: string = randomUUID()): Promise<void> {
    const before = await rows().count();
    await authorizeAtProvider(await openPopup(), login);
    await rows().nth(before).waitFor();
  }
});

/** Goes through the provider's own pages: who it is, and yes. */
async function authorizeAtProvider(popup: Page, login: string): Promise<void> {
  const signIn = popup.getByRole('button', { name: 'Sign in' });
  const switchAccount = popup.getByRole('button', { name: 'Use another account' });
  await signIn.or(switchAccount).waitFor();
  if (await switchAccount.isVisible()) await switchAccount.click();
  await popup.getByLabel('Account name').fill(login);
  await signIn.click();
  await popup.getByRole('button', { name: 'Allow' }).click();
}

/** As the user would in the settings of his account there. */
async function revokeAtProvider(provider: string, accountId: string): Promise<void> {
  const answer = await fetch(`${provider}/sandbox/grants/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ accountId }),
  });
  assert.deepEqual(await answer.json(), { revoked: 1 });
}

/** Writes into the status document what the sweep writes. */
async function warn(connectionId: string, needsReauthAt: string): Promise<void> {
  const documents = `projects/${stack.projectId}/databases/(default)/documents`;
  const ask = async (path: string, method: string, body: object): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${stack.ports.firestore}/v1/${path}`, {
      method,
      headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200);
    return answer.json();
  };
  const from = [{ collectionId: 'connections', allDescendants: true }];
  const found = JSON.stringify(
    await ask(`${documents}:runQuery`, 'POST', { structuredQuery: { from } }),
  );
  const [, uid] = found.match(new RegExp(`strongroom/([^/]+)/connections/${connectionId}"`)) ?? [];
  const mask = 'updateMask.fieldPaths=needsReauthAt&updateMask.fieldPaths=reauthDueInDays';
  await ask(`${documents}/strongroom/${uid}/connections/${connectionId}?${mask}`, 'PATCH', {
    fields: {
      needsReauthAt: { timestampValue: needsReauthAt },
      reauthDueInDays: { integerValue: '14' },
    },
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
