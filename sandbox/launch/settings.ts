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
