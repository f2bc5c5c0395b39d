import type { Middleware } from './middleware.ts';

/** A request as it could stand in somebody's access log. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, as received. */
  readonly url: string;
}

const kept = 1_000;

/** The last requests, oldest first, but those to the control itself. */
export class RequestLog {
  readonly #seen: SeenRequest[] = [];

  list(): SeenRequest[] {
    return [...this.#seen];
  }

  clear(): void {
    this.#seen.length = 0;
  }

  middleware(): Middleware {
    return (ctx, next) => {
      if (!ctx.path.startsWith('/sandbox/')) {
        this.#seen.push({ method: ctx.method, url: ctx.originalUrl });
        if (this.#seen.length > kept) this.#seen.shift();
      }
      return next();
    };
  }
}
