/** Runs `work` and reports `title` with the elapsed seconds while it lasts. */
export function progress<T>(
  title: string,
  work: () => Promise<T>,
  out?: NodeJS.WriteStream,
): Promise<T>;
