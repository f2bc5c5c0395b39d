/**
 * The header's value for a client and its secret (RFC 6749 §2.3.1), encoded so that it reads the same to
 * servers that do not decode it: "-", "_" and "." stay.
 */
export function basicAuthorization(clientId: string, clientSecret: string): string {
  return `Basic ${btoa([clientId, clientSecret].map(encodeURIComponent).join(':'))}`;
}
