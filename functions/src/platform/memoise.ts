/**
 * One shared promise for a value that is dear to make. Callers that arrive while it is being made
 * share it; a failure is not kept, so the next caller tries again. (`onInit` of firebase-functions
 * runs once per concurrent first request; this runs once.)
 */
export function memoise<T>(make: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | undefined;
  return () => {
    shared ??= make().catch((error: unknown) => {
      shared = undefined;
      throw error;
    });
    return shared;
  };
}

/** The same, for one value per key. */
export function memoiseByKey<K, T>(make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const values = new Map<K, Promise<T>>();
  return (key) => {
    let shared = values.get(key);
    if (shared === undefined) {
      shared = make(key).catch((error: unknown) => {
        values.delete(key);
        throw error;
      });
      values.set(key, shared);
    }
    return shared;
  };
}
