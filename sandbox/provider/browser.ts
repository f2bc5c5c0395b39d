import { CookieJar } from './cookie-jar.ts';
import { findForm, type HtmlForm, textOf } from './html-form.ts';

/** What a person does at a provider. */
export interface Visit {
  readonly authorizationUrl: string | URL;
  /** Written into every text field. */
  readonly account: string;
  /** `deny` signs in and then refuses on the page that asks for consent. */
  readonly decision: 'allow' | 'deny';
  /** Presses "Use another account" first where the page offers it. */
  readonly switchAccount?: boolean;
}

/** What a person does with the code that a device shows. */
export interface DeviceVisit extends Pick<Visit, 'account' | 'decision'> {
  readonly verificationUri: string;
  readonly userCode: string;
}

const maximumPages = 20;
const refusal = /cancel|deny|abort|refuse/i;
const anotherAccount = /another|switch/i;

/**
 * Walks a provider's pages as a person would, from an authorization URL to the redirect back,
 * which is not followed. Each call is a browser of its own, so many may run side by side.
 *
 * @returns what the redirect to the `redirect_uri` carries: `state`, `code`, `iss`, or `error` ….
 * @throws Error naming the page where it could not go on.
 */
export function authorize(visit: Visit): Promise<URLSearchParams> {
  return new Browser().authorize(visit);
}

/** A browser small enough for tests and the demo: cookies, redirects and forms, no script. */
export class Browser {
  readonly #jar = new CookieJar();

  /** As the function `authorize`, but in this browser, which remembers who is signed in. */
  async authorize(visit: Visit): Promise<URLSearchParams> {
    const start = new URL(visit.authorizationUrl);
    const isBack = redirectTest(start);
    let mustSwitch = visit.switchAccount === true;
    let url = start;
    let form: HtmlForm | undefined;
    for (let pages = 0; pages < maximumPages; pages++) {
      const response = await this.#send(url, form);
      const location = response.headers.get('location');
      const html = await response.text();
      if (location !== null) {
        url = new URL(location, url);
        form = undefined;
        if (isBack(url)) return url.searchParams;
        continue;
      }
      form = response.ok ? findForm(html, url) : undefined;
      if (!form) throw new Error(`${describe(url)} answered ${response.status}: ${excerpt(html)}`);
      if (isBack(form.action)) return form.fields;
      const switches = mustSwitch ? press(form, anotherAccount) : undefined;
      mustSwitch &&= switches === undefined;
      form = switches ?? fillIn(form, visit);
      url = form.action;
    }
    throw new Error(`${start.origin} did not redirect back after ${maximumPages} pages.`);
  }

  /**
   * Enters a device's code (RFC 8628 §3.3) and decides, up to the page that says it is done.
   *
   * @throws Error naming the page where it could not go on.
   */
  async decideDevice({ verificationUri, userCode, ...visit }: DeviceVisit): Promise<void> {
    let url = new URL(verificationUri);
    let form: HtmlForm | undefined;
    for (let pages = 0; pages < maximumPages; pages++) {
      const response = await this.#send(url, form);
      const location = response.headers.get('location');
      const html = await response.text();
      form = location === null ? findForm(html, url) : undefined;
      url = new URL(location ?? form?.action ?? url, url);
      if (location !== null) continue;
      const isOver = !form || (visit.decision === 'deny' && /interrupted|not known/.test(html));
      if (isOver) {
        if (response.ok) return;
        throw new Error(`${describe(url)} answered ${response.status}: ${excerpt(html)}`);
      }
      if (!form) continue;
      const asksCode = form.editable.includes('user_code');
      form = fillIn(form, { ...visit, account: asksCode ? userCode : visit.account });
    }
    throw new Error(`${describe(url)} did not come to an end after ${maximumPages} pages.`);
  }

  async #send(url: URL, form?: HtmlForm): Promise<Response> {
    const target = new URL(url);
    const init: RequestInit = {
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: this.#jar.header(url) },
    };
    if (form?.method === 'post') Object.assign(init, { method: 'POST', body: form.fields });
    else if (form) target.search = form.fields.toString();
    const response = await fetch(target, init);
    this.#jar.store(url, response.headers.getSetCookie());
    return response;
  }
}

/** Whether a URL is the redirect back: to the `redirect_uri`, or, unnamed, to another origin. */
function redirectTest(start: URL): (url: URL) => boolean {
  const redirectUri = start.searchParams.get('redirect_uri');
  if (redirectUri === null) return (url) => url.origin !== start.origin;
  const { origin, pathname } = new URL(redirectUri);
  return (url) => url.origin === origin && url.pathname === pathname;
}

/** Refuses only where nothing is asked but consent, so that a refusal has an author. */
function fillIn(
  form: HtmlForm,
  { account, decision }: Pick<Visit, 'account' | 'decision'>,
): HtmlForm {
  const fields = new URLSearchParams(form.fields);
  for (const name of form.editable) fields.set(name, account);
  const refuses = decision === 'deny' && form.editable.length === 0;
  const filled = { ...form, fields };
  return press(filled, refuses ? refusal : notRefusal) ?? filled;
}

const notRefusal = new RegExp(`^(?!.*(?:${refusal.source}))`, 'i');

/** The form with its first fitting button pressed, or undefined where there is none. */
function press(form: HtmlForm, label: RegExp): HtmlForm | undefined {
  const button = form.buttons.find(({ name, value, text }) =>
    label.test(`${name} ${value} ${text}`),
  );
  if (!button) return undefined;
  const fields = new URLSearchParams(form.fields);
  if (button.name !== '') fields.append(button.name, button.value);
  return { ...form, fields };
}

function describe({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function excerpt(html: string): string {
  return textOf(html).slice(0, 300);
}
