import { isRecord } from './errors.ts';
import type { AuthorizationAnswer } from './types.ts';

/** Picks the answer's fields and nothing else; undefined where it is no answer at all. */
export function answerFrom(field: (name: string) => unknown): AuthorizationAnswer | undefined {
  const text = (name: string): string | undefined => {
    const value = field(name);
    return typeof value === 'string' ? value : undefined;
  };
  const [state, code, error] = [text('state'), text('code'), text('error')];
  const [iss, errorDescription] = [text('iss'), text('errorDescription')];
  if (state === undefined) return undefined;
  if (error !== undefined) {
    return {
      state,
      error,
      ...(errorDescription !== undefined && { errorDescription }),
      ...(iss !== undefined && { iss }),
    };
  }
  if (code === undefined) return undefined;
  const parameters = textsOf(field('parameters'));
  return { state, code, ...(iss !== undefined && { iss }), ...(parameters && { parameters }) };
}

function textsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const texts = Object.entries(value).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  );
  return Object.fromEntries(texts);
}
