/** A form as it stands on a page. */
export interface HtmlForm {
  readonly action: URL;
  readonly method: 'get' | 'post';
  /** Every field with its present value; no button is pressed yet. */
  readonly fields: URLSearchParams;
  /** Names of the fields a person writes into. */
  readonly editable: readonly string[];
  readonly buttons: readonly HtmlButton[];
}

export interface HtmlButton {
  readonly name: string;
  readonly value: string;
  readonly text: string;
}

/** Reads the first form of a page, or finds none. Good for plain pages, not for all of HTML. */
export function findForm(html: string, pageUrl: URL): HtmlForm | undefined {
  const [, tag, content] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? [];
  if (tag === undefined || content === undefined) return undefined;
  const form = attributesOf(tag);
  const fields = new URLSearchParams();
  const editable: string[] = [];
  for (const [, source = ''] of content.matchAll(/<input\b([^>]*)>/gi)) {
    const { name, value = '', type = 'text' } = attributesOf(source);
    const isOff = /^(checkbox|radio)$/.test(type) && !/\bchecked\b/.test(source);
    if (!name || type === 'submit' || isOff) continue;
    fields.set(name, value);
    if (/^(text|email|password)$/.test(type)) editable.push(name);
  }
  const buttons = [...content.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)].map(
    ([, source = '', text = '']) => {
      const { name = '', value = '' } = attributesOf(source);
      return { name, value, text: textOf(text) };
    },
  );
  return {
    action: new URL(form['action'] || pageUrl.href, pageUrl),
    method: form['method']?.toLowerCase() === 'post' ? 'post' : 'get',
    fields,
    editable,
    buttons,
  };
}

/** What a person reads on a page. */
export function textOf(html: string): string {
  const visible = html.replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
  return decodeEntities(visible).replace(/\s+/g, ' ').trim();
}

function attributesOf(tag: string): Record<string, string> {
  const pairs = [...tag.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return Object.fromEntries(
    pairs.map(([, name = '', double, single]) => [
      name.toLowerCase(),
      decodeEntities(double ?? single ?? ''),
    ]),
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string) =>
    code === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
