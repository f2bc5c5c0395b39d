/** The REST calls of Firestore v1 that are billed by document. */
export type OperationName =
  | 'batchGet'
  | 'batchWrite'
  | 'commit'
  | 'createDocument'
  | 'deleteDocument'
  | 'getDocument'
  | 'listCollectionIds'
  | 'listDocuments'
  | 'patchDocument'
  | 'runAggregationQuery'
  | 'runQuery';

/** What a request asks of the database. */
export interface Operation {
  readonly name: OperationName;
  /** The path below `documents/`: of a document, of a collection, or empty for the root. */
  readonly path: string;
}

const customMethods: readonly OperationName[] = [
  'batchGet',
  'batchWrite',
  'commit',
  'listCollectionIds',
  'runAggregationQuery',
  'runQuery',
];

const onDocument: Readonly<Record<string, OperationName>> = {
  GET: 'getDocument',
  PATCH: 'patchDocument',
  DELETE: 'deleteDocument',
};

const onCollection: Readonly<Record<string, OperationName>> = {
  GET: 'listDocuments',
  POST: 'createDocument',
};

const documentsUrl =
  /^\/v1\/projects\/[^/]+\/databases\/[^/]+\/documents(?:\/([^:]*))?(?::(\w+))?$/;

/** Recognises a billed call by verb and URL; anything else is not ours to count. */
export function parseOperation(method: string, url: string): Operation | undefined {
  const { pathname } = new URL(url, 'http://localhost');
  const match = documentsUrl.exec(pathname);
  if (!match) return undefined;
  const [, encodedPath = '', customMethod] = match;
  const path = decodeURIComponent(encodedPath);
  const isCollection = path.split('/').length % 2 === 1;
  const name =
    customMethod === undefined
      ? (isCollection ? onCollection : onDocument)[method]
      : customMethods.find((known) => known === customMethod);
  return name === undefined ? undefined : { name, path };
}
