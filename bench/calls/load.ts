import { Agent, type IncomingMessage, request } from 'node:http';

/** Where a load goes, and with what. */
export interface Target {
  readonly name: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
}

export function targetAt(name: string, url: string, headers: Target['headers'] = {}): Target {
  return { name, url: new URL(url), headers, agent: new Agent({ keepAlive: true }) };
}

/**
 * Sends so many requests, so many of them at once.
 *
 * @returns how long each took, in milliseconds.
 * @throws Error for an answer that is not 200: it would be no measurement.
 */
export async function load(target: Target, count: number, concurrency: number): Promise<number[]> {
  const ms: number[] = [];
  let left = count;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const startedAt = performance.now();
      await get(target);
      ms.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return ms;
}

function get({ name, url, headers, agent }: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    const answered = (answer: IncomingMessage) => {
      if (answer.statusCode !== 200) reject(new Error(`${name} answered ${answer.statusCode}.`));
      answer.on('end', resolve).on('error', reject).resume();
    };
    request(url, { headers, agent }, answered).on('error', reject).end();
  });
}
