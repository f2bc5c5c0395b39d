/** Shorter ones would be found by chance. */
const leastLength = 8;
const asterisk = 0x2a;

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Writes asterisks over a secret wherever an answer repeats it: in headers and in the body's bytes,
 * as it is, URL-encoded, with `\\/` as JSON may have it, and in base64, also within something longer
 * ("Bearer …"). Lengths stay as they are, so that ranges and content-length do as well. The body is
 * changed in place; without an echo it is only searched.
 */
export function redactEchoes<T extends Answer>(answer: T, secret: string): T {
  const forms = formsOf(secret);
  const { buffer, byteOffset, byteLength } = answer.body;
  redactBytes(Buffer.from(buffer, byteOffset, byteLength), forms);
  const headers = Object.entries(answer.headers).map(([name, value]) => [
    name,
    redactText(value, forms),
  ]);
  return { ...answer, headers: Object.fromEntries(headers) };
}

/** The same with bytes, in place, for the forms of one secret or of several. */
export function redactBytes(bytes: Buffer, forms: readonly string[]): void {
  for (const form of forms) {
    let at = bytes.indexOf(form, 0, 'latin1');
    while (at !== -1) {
      bytes.fill(asterisk, at, at + form.length);
      at = bytes.indexOf(form, at + form.length, 'latin1');
    }
  }
}

/** The same with text. */
export function redactText(text: string, forms: readonly string[]): string {
  return forms.reduce((rest, form) => rest.replaceAll(form, '*'.repeat(form.length)), text);
}

/** What an answer may repeat a secret as, each form once; most tokens are the same in several. */
export function formsOf(secret: string): readonly string[] {
  if (secret.length < leastLength) return [];
  const asForm = new URLSearchParams([['', secret]]).toString().slice(1);
  const encoded = [encodeURIComponent(secret), asForm];
  const inLowerCase = encoded.map((one) => one.replace(/%../g, (octet) => octet.toLowerCase()));
  const inJson = secret.replaceAll('/', '\\/');
  return [...new Set([secret, ...encoded, ...inLowerCase, inJson, ...base64Of(secret)])];
}

/** What base64 and base64url make of it, wherever in a group of three bytes it begins. */
function* base64Of(secret: string): Generator<string> {
  for (const before of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    // Characters of six bits; those at the ends that hold bits of a neighbour are left out.
    const begin = Math.ceil((before * 8) / 6);
    const end = Math.floor((bytes.byteLength * 8) / 6);
    yield bytes.toString('base64').slice(begin, end);
    yield bytes.toString('base64url').slice(begin, end);
  }
}
