import { Firestore, PassThroughClient } from '../clients.ts';

/** Every document by its path, with its data and when it was last written. */
export type Documents = Readonly<Record<string, DocumentState>>;

export interface DocumentState {
  readonly data: Readonly<Record<string, unknown>>;
  /** Rises with every write, also with one that changes nothing. */
  readonly updatedAt: string;
}

/** Runs `make` as if the Firestore emulator listened at `host`: clients read that once. */
export function withFirestoreAt<T>(host: string, make: () => T): T {
  const before = process.env['FIRESTORE_EMULATOR_HOST'];
  process.env['FIRESTORE_EMULATOR_HOST'] = host;
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env['FIRESTORE_EMULATOR_HOST'];
    else process.env['FIRESTORE_EMULATOR_HOST'] = before;
  }
}

/** The database as nobody but the emulator's owner sees it; nothing of this is metered. */
export function openDatabase(host: string, projectId: string): Firestore {
  const options = { projectId, preferRest: true, authClient: new PassThroughClient() };
  return withFirestoreAt(host, () => new Firestore(options));
}

/** All that stands in a database. */
export async function readAll(db: Firestore): Promise<Documents> {
  const found: Record<string, DocumentState> = {};
  const visit = async (parent: Pick<Firestore, 'listCollections'>): Promise<void> => {
    for (const collection of await parent.listCollections()) {
      for (const reference of await collection.listDocuments()) {
        const snapshot = await reference.get();
        const data = snapshot.data();
        const { updateTime } = snapshot;
        if (data !== undefined)
          found[reference.path] = { data, updatedAt: `${updateTime?.valueOf()}` };
        await visit(reference);
      }
    }
  };
  await visit(db);
  return found;
}

/** Empties a project of the emulator. */
export async function clear(host: string, projectId: string): Promise<void> {
  const documents = `projects/${projectId}/databases/(default)/documents`;
  const answer = await fetch(`http://${host}/emulator/v1/${documents}`, { method: 'DELETE' });
  if (!answer.ok) throw new Error(`The Firestore emulator answered ${answer.status}.`);
}
