export type LeapingClock = ReturnType<typeof createClock>;

/** The real time, and as much more as a step asks for. */
export function createClock() {
  let aheadMs = 0;
  let ticksAheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const advance = (deltaMs: number): void => {
    aheadMs += Math.max(0, deltaMs);
    ticksAheadMs += Math.max(0, deltaMs);
  };
  return {
    now,
    ticks: () => Date.now() + ticksAheadMs,
    sleep: (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs)),
    advance,
    /** Does something that much later, and sets the time of day back; ticks never go back. */
    async aside<T>(deltaMs: number, work: () => Promise<T>): Promise<T> {
      advance(deltaMs);
      try {
        return await work();
      } finally {
        aheadMs -= deltaMs;
      }
    },
  };
}
