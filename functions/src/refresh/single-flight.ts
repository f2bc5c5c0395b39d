/**
 * Lets callers in one process share one piece of work by key. The promise is forgotten as soon as
 * it settles, so nothing can wedge a key.
 */
export function createSingleFlight<T>() {
  const flights = new Map<string, Promise<T>>();
  return (key: string, work: () => Promise<T>): Promise<T> => {
    const found = flights.get(key);
    if (found !== undefined) return found;
    const flight = work().finally(() => flights.delete(key));
    flights.set(key, flight);
    return flight;
  };
}
