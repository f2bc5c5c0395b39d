import { readFileSync } from 'node:fs';

/**
 * Reads a settings file and fills `${NAME}` in its string values.
 *
 * @returns the JSON for a version of the secret `strongroom-providers`
 * @throws Error if the file cannot be read, is not JSON, or names a value that does not exist
 */
export function readSettings(file: string, values: Readonly<Record<string, string>>): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(
      `The provider settings ${file} cannot be read: correct STRONGROOM_PROVIDERS_FILE, or unset it.`,
    );
  }
  const fill = (value: string) =>
    value.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
      const filled = values[name];
      if (filled !== undefined) return filled;
      throw new Error(
        `${file} names \${${name}}; it may use ${Object.keys(values).join(', ')} only.`,
      );
    });
  try {
    return JSON.stringify(
      JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? fill(value) : value)),
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`The provider settings ${file} are not JSON: ${error.message}`);
  }
}

/**
 * Adds what the main job needs and a file of one's own may leave out: `app` and the provider
 * `sandbox`. What the file has stays as it is.
 */
export function withSandbox(own: string, standard: string): string {
  const [given, usual] = [JSON.parse(own), JSON.parse(standard)];
  const { sandbox } = usual.providers;
  return JSON.stringify({
    app: usual.app,
    ...given,
    providers: { sandbox, ...given?.providers },
  });
}
