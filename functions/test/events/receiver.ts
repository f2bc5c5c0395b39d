import { createServer, type ServerResponse } from 'node:http';
import { mock } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { readBody } from '../../../sandbox/http/body.ts';
import { type LocalServer, listen } from '../../../sandbox/http/local-server.ts';

/** What a delivery gets: a status, headers with it, or no answer at all. */
export type Answer =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | 'hang'
  | 'drop';

/** A request as it came in. */
export interface Delivery {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whether it was answered with a 2xx. */
  readonly accepted: boolean;
}

/** The team's endpoint. */
export interface Receiver extends LocalServer {
  readonly deliveries: Delivery[];
  /** Those that were accepted for the first time, in that order. */
  firsts(): Delivery[];
  /** What comes from now on gets that; it may depend on the delivery. Until then: 204. */
  answerWith(
    answer: Answer | ((delivery: Omit<Delivery, 'accepted'>) => Answer | Promise<Answer>),
  ): void;
  reset(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  let decide: Parameters<Receiver['answerWith']>[0] = 204;

  const server = createServer((request, response) => {
    void (async () => {
      const text = (await readBody(request)).toString('utf8');
      const { type, data } = JSON.parse(text);
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const delivery = { id: headers['webhook-id'] ?? '', headers, text, type, data };
      const answer = typeof decide === 'function' ? await decide(delivery) : decide;
      deliveries.push({ ...delivery, accepted: isAccepted(answer) });
      send(response, answer);
    })();
  });
  return {
    ...(await listen(server, 0)),
    deliveries,
    firsts() {
      const seen = new Set<string>();
      return deliveries.filter(({ id, accepted }) => accepted && !seen.has(id) && seen.add(id));
    },
    answerWith(answer) {
      decide = answer;
    },
    reset() {
      deliveries.length = 0;
      decide = 204;
    },
  };
}

/** As the receiver's team checks a signature, at that time. @throws where it does not hold. */
export function verify(secret: string, { text, headers }: Delivery, now: number): unknown {
  const clock = mock.method(Date, 'now', () => now);
  try {
    return new Webhook(secret).verify(text, { ...headers });
  } finally {
    clock.mock.restore();
  }
}

function isAccepted(answer: Answer): boolean {
  const status = typeof answer === 'object' ? answer.status : answer;
  return typeof status === 'number' && status >= 200 && status < 300;
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return;
  if (answer === 'drop') return void response.destroy();
  const { status, headers } = typeof answer === 'object' ? answer : { status: answer, headers: {} };
  response.writeHead(status, headers).end();
}
