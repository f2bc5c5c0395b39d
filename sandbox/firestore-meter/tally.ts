import { isRecord } from '../http/body.ts';
import type { Operation, OperationName } from './operation.ts';

/** Documents read and written, as Firestore bills them; a delete is a write here. */
export interface Usage {
  reads: number;
  writes: number;
}

/** Usage in all and by collection, document ids replaced by `*`. */
export interface Counts extends Usage {
  readonly byCollection: Readonly<Record<string, Readonly<Usage>>>;
}

/** One exchange, as far as counting needs it. */
export interface Exchange {
  readonly operation: Operation;
  readonly status: number;
  readonly request: unknown;
  readonly response: unknown;
}

/** Reads and writes by collection. */
export class Tally {
  readonly #collections = new Map<string, Usage>();

  counts(): Counts {
    const all = [...this.#collections.values()];
    return {
      reads: all.reduce((sum, { reads }) => sum + reads, 0),
      writes: all.reduce((sum, { writes }) => sum + writes, 0),
      byCollection: Object.fromEntries(
        [...this.#collections].map(([name, usage]) => [name, { ...usage }]),
      ),
    };
  }

  reset(): void {
    this.#collections.clear();
  }

  /** Counts what an exchange costs. */
  record(exchange: Exchange): void {
    billing[exchange.operation.name](exchange, (kind, collection, documents = 1) => {
      if (documents === 0) return;
      const usage = this.#collections.get(collection) ?? { reads: 0, writes: 0 };
      usage[kind] += documents;
      this.#collections.set(collection, usage);
    });
  }
}

type Add = (kind: keyof Usage, collection: string, documents?: number) => void;
type Bill = (exchange: Exchange, add: Add) => void;

/** How each call is billed (firebase.google.com/docs/firestore/pricing). */
const billing: Readonly<Record<OperationName, Bill>> = {
  batchGet: ifOk((exchange, add) => {
    for (const entry of elements(exchange.response)) {
      const name = nameOf(entry['found']) ?? entry['missing'];
      if (typeof name === 'string') add('reads', collectionOf(name));
    }
  }),
  runQuery: ifOk(({ operation, request, response }, add) => {
    const found = elements(response).flatMap((entry) => nameOf(entry['document']) ?? []);
    const skipped = elements(response).reduce(
      (sum, entry) => sum + Number(entry['skippedResults'] ?? 0),
      0,
    );
    const queried = queriedCollection(operation, at(request, 'structuredQuery'));
    for (const name of found) add('reads', collectionOf(name));
    // Skipped results are billed; so is a query that finds nothing, as one read.
    add('reads', queried, skipped + (found.length + skipped === 0 ? 1 : 0));
  }),
  runAggregationQuery: ifOk(({ operation, request, response }, add) => {
    const query = at(request, 'structuredAggregationQuery');
    const aggregates = elements(response).flatMap((entry) => {
      const fields = at(at(entry, 'result'), 'aggregateFields');
      return isRecord(fields) ? Object.values(fields) : [];
    });
    const counted = aggregates.map((value) => Number(at(value, 'integerValue') ?? 0));
    // One read for every thousand index entries; only a count tells how many there were.
    const isCount = elements(at(query, 'aggregations')).some((entry) => 'count' in entry);
    const entries = isCount ? Math.max(0, ...counted) : 0;
    const collection = queriedCollection(operation, at(query, 'structuredQuery'));
    add('reads', collection, Math.max(1, Math.ceil(entries / 1_000)));
  }),
  listDocuments: ifOk(({ operation, response }, add) => {
    const listed = elements(at(response, 'documents')).length;
    add('reads', patternOf(operation.path), Math.max(1, listed));
  }),
  listCollectionIds: ifOk(({ operation }, add) => add('reads', patternOf(operation.path))),
  getDocument({ operation, status }, add) {
    if (status === 200 || status === 404) add('reads', collectionOf(operation.path));
  },
  createDocument: ifOk(({ operation }, add) => add('writes', patternOf(operation.path))),
  patchDocument: ifOk(({ operation }, add) => add('writes', collectionOf(operation.path))),
  deleteDocument: ifOk(({ operation }, add) => add('writes', collectionOf(operation.path))),
  commit: ifOk(({ request }, add) => {
    for (const write of elements(at(request, 'writes'))) addWrite(write, add);
  }),
  batchWrite: ifOk(({ request, response }, add) => {
    const statuses = elements(at(response, 'status'));
    elements(at(request, 'writes')).forEach((write, index) => {
      if (!statuses[index]?.['code']) addWrite(write, add);
    });
  }),
};

/** What fails costs nothing. */
function ifOk(bill: Bill): Bill {
  return (exchange, add) => {
    if (exchange.status === 200) bill(exchange, add);
  };
}

function addWrite(write: Record<string, unknown>, add: Add): void {
  const name = nameOf(write['update']) ?? write['delete'] ?? at(write['transform'], 'document');
  if (typeof name === 'string') add('writes', collectionOf(name));
}

function at(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}

function elements(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function nameOf(document: unknown): string | undefined {
  const name = at(document, 'name');
  return typeof name === 'string' ? name : undefined;
}

/** The collection of a document, given by full name or by its path below `documents/`. */
function collectionOf(documentName: string): string {
  const path = documentName.replace(/^projects\/[^/]+\/databases\/[^/]+\/documents\//, '');
  return patternOf(path.split('/').slice(0, -1).join('/'));
}

function queriedCollection({ path }: Operation, query: unknown): string {
  const [from] = elements(at(query, 'from'));
  const collectionId = String(from?.['collectionId'] ?? '*');
  const below = from?.['allDescendants'] === true ? ['**', collectionId] : [collectionId];
  return [...(path === '' ? [] : [patternOf(path)]), ...below].join('/');
}

// A document's id becomes a star: ids are many, collections few.
function patternOf(path: string): string {
  return path
    .split('/')
    .map((segment, index) => (index % 2 === 1 ? '*' : segment))
    .join('/');
}
