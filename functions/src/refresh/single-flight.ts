/** A piece of work that several callers share, and until when whoever began it had time. */
export interface Flight<T> {
  readonly result: Promise<T>;
  /** In the clock's ticks. */
  readonly deadlineAt: number;
}

/**
 * Lets callers in one process share one piece of work by key. The flight is forgotten as soon as it
 * settles, so nothing can wedge a key.
 */
export function createSingleFlight<T>() {
  const flights = new Map<string, Flight<T>>();
  return (key: string, deadlineAt: number, work: () => Promise<T>): Flight<T> => {
    const found = flights.get(key);
    if (found !== undefined) return found;
    const flight = { result: work().finally(() => flights.delete(key)), deadlineAt };
    flights.set(key, flight);
    return flight;
  };
}
