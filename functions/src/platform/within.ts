/**
 * What `work` gives, unless it takes too long; it goes on all the same.
 *
 * @throws what `late` makes, once the time is over.
 */
export async function within<T>(
  timeoutMs: number,
  work: Promise<T>,
  late: () => Error = () => new Error('It took too long.'),
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
