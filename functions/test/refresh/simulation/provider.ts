/**
 * What becomes of a refresh token by its use: nothing; it works no more; whoever shows it again ends
 * the grant; it works again, as if for ever; it works again for a minute, and whoever shows it later
 * ends the grant.
 */
export type Behaviour =
  | 'stays'
  | 'is spent'
  | 'ends the grant'
  | 'has grace'
  | 'has a minute of grace';

export const graceSeconds = 60;

/**
 * A token endpoint, as far as refreshing goes: RFC 6749 §6 with the rotation and reuse detection of
 * RFC 9700 §4.14.2.
 */
export class SimulatedProvider {
  /** Requests that arrived, by refresh token. */
  readonly requests = new Map<string, number>();
  revoked = false;
  /** Numbers every token set in the order of issue. */
  issued = 1;
  /** When refresh tokens were used first. */
  readonly #usedAt = new Map<string, number>();
  readonly #behaviour: Behaviour;
  readonly #now: () => number;

  /** @param now in milliseconds. */
  constructor(behaviour: Behaviour, now: () => number) {
    this.#behaviour = behaviour;
    this.#now = now;
  }

  get currentRefreshToken(): string {
    return this.#behaviour === 'stays' ? 'refresh-1' : `refresh-${this.issued}`;
  }

  /** Processes a request. */
  refresh(refreshToken: string): Response {
    this.requests.set(refreshToken, (this.requests.get(refreshToken) ?? 0) + 1);
    const isCurrent = refreshToken === this.currentRefreshToken;
    const sinceMs = this.#now() - (this.#usedAt.get(refreshToken) ?? this.#now());
    if (sinceMs === 0) this.#usedAt.set(refreshToken, this.#now());
    const isTooLate = this.#behaviour === 'has a minute of grace' && sinceMs > graceSeconds * 1_000;
    if (isTooLate || (!isCurrent && this.#behaviour === 'ends the grant')) this.revoked = true;
    if (this.revoked || (!isCurrent && this.#behaviour === 'is spent'))
      return json(400, { error: 'invalid_grant' });
    this.issued += 1;
    return json(200, {
      access_token: `access-${this.issued}`,
      token_type: 'Bearer',
      expires_in: 3_600,
      refresh_token: this.currentRefreshToken,
    });
  }
}

export function json(status: number, body: object): Response {
  const headers = { 'content-type': 'application/json' };
  return new Response(JSON.stringify(body), { status, headers });
}
