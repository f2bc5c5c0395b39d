const REPEAT_AFTER_MS = 1000;

/** Why the run is to end. */
export class Shutdown extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Aborts when this process is asked to end, or has lost the one that started it or the reader of
 * its output. A second Ctrl-C ends it at once; the keeper then cleans up.
 */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  let askedAt = 0;
  const ask = (message: string, exitCode: number) => {
    // One Ctrl-C arrives several times: from the terminal, from npm, from the bootstrap.
    if (askedAt > 0 && performance.now() - askedAt > REPEAT_AFTER_MS) process.exit(exitCode);
    if (askedAt === 0) askedAt = performance.now();
    controller.abort(new Shutdown(message, exitCode));
  };
  for (const [name, exitCode] of Object.entries(signals))
    process.on(name, () => ask(`Stopped by ${name}.`, exitCode));
  if (process.channel) {
    process.on('disconnect', () => ask('The process that started this one has ended.', 1));
    process.channel.unref();
  }
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => ask('Nobody reads the output any more.', 1));
  return controller.signal;
}

/** Rejects with the signal's reason once it aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
