/** The time, as a parameter wherever it decides something. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Milliseconds since some moment. They only ever rise, whatever happens to the time of day: what
   * deadlines of requests are counted in.
   */
  ticks(): number;
  /** Resolves after `delayMs`. */
  sleep(delayMs: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => Math.floor(performance.now()),
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};
