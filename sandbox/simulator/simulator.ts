import type { Entry } from '../../functions/src/providers/entry-schema.ts';
import { type LocalServer, startLocalServer } from '../http/local-server.ts';
import { send } from './answer.ts';
import { answerTo } from './answer-to.ts';
import { readRequest } from './request.ts';
import { type Simulated, type SimulateOptions, simulate } from './simulate.ts';
import { createSimulation, type Simulation } from './simulation.ts';

export interface SimulatorOptions extends Omit<SimulateOptions, 'origin'> {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** The provider's clock, in milliseconds since the epoch. Default: the real time. */
  readonly now?: () => number;
}

/** A provider of the catalogue on this machine. See README.md. */
export interface Simulator extends LocalServer, Simulated {
  /** What a user hands over where no browser is needed. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly counters: Readonly<Simulation['counters']>;
  /** Why it refused requests, oldest first; nothing secret is in it. */
  readonly refusals: readonly string[];
  /** How many access and refresh tokens are good. */
  livingTokens(): number;
  /** When the access token given last ends, in milliseconds since the epoch; `Infinity`: never. */
  lastAccessTokenEndsAt(): number;
  /** Every access token stops working at once; refresh tokens stay. */
  expireAccessTokens(): void;
  /** As the user would in his account's settings. */
  revokeGrants(): void;
  /** Whether the API refuses every credential from now on. */
  setRefusing(value: boolean): void;
}

/** Serves the behaviour of an entry on the loopback interface. */
export async function startSimulator(entry: Entry, options: SimulatorOptions): Promise<Simulator> {
  const { port = 0, now = Date.now } = options;
  let simulation: Simulation | undefined;
  const server = await startLocalServer(async (request, response) => {
    if (simulation === undefined) throw new Error('It is not ready.');
    send(response, await answerTo(simulation, await readRequest(request)), now());
  }, port);
  try {
    const simulated = simulate(entry, { ...options, origin: server.url });
    const started = createSimulation(simulated.behaviour, now);
    simulation = started;
    return {
      ...server,
      ...simulated,
      credentials: simulated.behaviour.credentials,
      counters: started.counters,
      refusals: started.refusals,
      livingTokens: started.grants.living,
      lastAccessTokenEndsAt: started.grants.lastEnd,
      expireAccessTokens: started.grants.expireAccessTokens,
      revokeGrants: started.grants.revokeAll,
      setRefusing(value) {
        started.isRefusing.value = value;
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
