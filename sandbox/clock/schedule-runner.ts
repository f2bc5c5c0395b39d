/** A scheduled function and how often it is due. */
export interface Schedule {
  /** The function's name, such as `rotateTokens`. */
  readonly name: string;
  readonly everySeconds: number;
}

/** How one firing ended. */
export interface FiringOutcome {
  readonly ok: boolean;
  /** HTTP status of the function's answer; 0 where there was none. */
  readonly status: number;
  readonly startedAt: string;
  readonly durationMs: number;
  /** Why there was no answer. */
  readonly error?: string;
}

/** Fires one schedule, never twice at a time. A failure is kept as the outcome, not thrown. */
export class ScheduleRunner {
  readonly #schedule: Schedule;
  readonly #url: string;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<FiringOutcome> | undefined;
  #last: FiringOutcome | undefined;
  #firings = 0;

  constructor(schedule: Schedule, url: string) {
    this.#schedule = schedule;
    this.#url = url;
  }

  start(): void {
    if (this.#timer) return;
    // A firing that is still under way when the next is due takes its place.
    this.#timer = setInterval(() => void this.fire(), this.#schedule.everySeconds * 1000);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Gives up a firing that is under way, for good. */
  abort(): void {
    this.#abort.abort();
  }

  /** Fires now, or joins the firing that is under way. */
  fire(): Promise<FiringOutcome> {
    this.#running ??= this.#post().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  state() {
    return {
      ...this.#schedule,
      firings: this.#firings,
      running: this.#running !== undefined,
      ...(this.#last ? { last: this.#last } : {}),
    };
  }

  async #post(): Promise<FiringOutcome> {
    this.#firings++;
    const started = new Date();
    const answer = await this.#send(started).catch((error: unknown) => ({
      ok: false,
      status: 0,
      error: reasonOf(error),
    }));
    const durationMs = Date.now() - started.getTime();
    this.#last = { ...answer, startedAt: started.toISOString(), durationMs };
    return this.#last;
  }

  /** The headers are those of Cloud Scheduler, from which `onSchedule` makes its event. */
  async #send(scheduled: Date): Promise<{ ok: boolean; status: number }> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-cloudscheduler-jobname': this.#schedule.name,
        'x-cloudscheduler-scheduletime': scheduled.toISOString(),
      },
      body: '{}',
      signal: this.#abort.signal,
    });
    await response.body?.cancel();
    return { ok: response.ok, status: response.status };
  }
}

/** fetch hides the cause of a failed connection one level down. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return String(cause);
}
