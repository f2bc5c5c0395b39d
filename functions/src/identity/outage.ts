/**
 * Whether the Admin SDK could not reach what it verifies with: keys, users, the App Check service. It
 * calls a failure to fetch keys a bad argument.
 */
export function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  return (
    /^(auth|app-check)\/(internal|unknown)-error$/.test(code) ||
    code.startsWith('app/network-') ||
    (error instanceof Error && /^Error (fetching|while making)/.test(error.message))
  );
}

/** The `code` of an error of the Admin SDK. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
