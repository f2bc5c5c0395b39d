/**
 * Does a piece of work for each item, in their order, at most `limit` at a time. After a failure no
 * further one is begun; those under way are waited for.
 *
 * @throws what the first failed piece of work threw.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const takeTurns = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, takeTurns);
  await allOf(workers);
}

/** Waits for all, also where one fails: nothing goes on behind the caller's back. */
export async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
