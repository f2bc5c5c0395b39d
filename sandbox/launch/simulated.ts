import { isRecord } from '../http/body.ts';
import type { Simulator } from '../simulator/simulator.ts';

/** A provider of the catalogue that the sandbox simulates. */
export interface SimulatedProvider {
  /** Of its authorization server and its API. */
  readonly url: string;
  /** What a user hands over, where he connects without a browser; by the names of its fields. */
  readonly credentials: Readonly<Record<string, string>>;
}

export interface WithSimulated {
  /** The settings with those providers as they are on this machine. */
  readonly settings: string;
  /** By the providers' ids. */
  readonly providers: Readonly<Record<string, SimulatedProvider>>;
  readonly servers: readonly Simulator[];
}

const { entries, fromEntries } = Object;

/**
 * Starts what settings ask for by `{"simulate": "<id of an entry>", "scale": 0.01, "variables": {…}}`;
 * other fields replace the entry's. Without such an entry nothing is loaded.
 *
 * @throws Error naming the provider where there is no such entry; nothing is left running then.
 */
export async function withSimulated(settings: string): Promise<WithSimulated> {
  const document: unknown = JSON.parse(settings);
  const listed = isRecord(document) && isRecord(document['providers']) ? document['providers'] : {};
  const asked = entries(listed).flatMap(([id, written]) =>
    isRecord(written) && typeof written['simulate'] === 'string' ? [[id, written] as const] : [],
  );
  if (!isRecord(document) || asked.length === 0) return { settings, providers: {}, servers: [] };
  const { readCatalogueEntry } = await import('../simulator/catalogue-entry.ts');
  const { startSimulator } = await import('../simulator/simulator.ts');
  const started: { id: string; server: Simulator; entry: object }[] = [];
  try {
    for (const [id, { simulate, scale, variables, ...own }] of asked) {
      const server = await startSimulator(readCatalogueEntry(String(simulate)), {
        redirectUri: redirectUriIn(document),
        ...(typeof scale === 'number' && { scale }),
        ...(isRecord(variables) && { variables: texts(variables) }),
      });
      started.push({ id, server, entry: { ...server.settings, ...own } });
    }
  } catch (error) {
    await Promise.all(started.map(({ server }) => server.stop()));
    throw error;
  }
  const providers = { ...listed, ...fromEntries(started.map(({ id, entry }) => [id, entry])) };
  return {
    settings: JSON.stringify({ ...document, providers }),
    servers: started.map(({ server }) => server),
    providers: fromEntries(
      started.map(({ id, server: { url, behaviour } }) => [
        id,
        { url, credentials: behaviour.credentials },
      ]),
    ),
  };
}

function redirectUriIn({ app }: Readonly<Record<string, unknown>>): string {
  const redirectUri = isRecord(app) ? app['redirectUri'] : undefined;
  if (typeof redirectUri === 'string') return redirectUri;
  throw new Error("The provider settings name no app.redirectUri, which 'simulate' needs.");
}

function texts(variables: Readonly<Record<string, unknown>>): Record<string, string> {
  return fromEntries(entries(variables).map(([name, value]) => [name, String(value)]));
}
