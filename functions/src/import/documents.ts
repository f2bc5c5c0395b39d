import { FieldPath, type Firestore } from 'firebase-admin/firestore';
import { reachFirestore } from '../platform/firestore.ts';
import type { Sourced } from './importable.ts';
import { type DocumentMapping, fromDocument } from './mapping.ts';

const pageSize = 300;

/** Documents of the team's own, page by page, read as far as the mapping names fields. 1 read each. */
export async function* documentsOf(
  db: Firestore,
  collection: string,
  mapping: DocumentMapping,
): AsyncGenerator<Sourced> {
  const { paths, uidFrom } = mapping;
  const wanted = [...paths.values(), ...(uidFrom === undefined ? [] : [uidFrom])];
  const fields = wanted.map((path) => new FieldPath(...path.split('.')));
  const ordered = db
    .collection(collection)
    .orderBy('__name__')
    .select(...fields)
    .limit(pageSize);
  let query = ordered;
  for (;;) {
    const { docs } = await reachFirestore(() => query.get());
    for (const found of docs) {
      const { id, ref } = found;
      const sourced = fromDocument({ id, path: ref.path, data: found.data() }, mapping);
      if (sourced !== undefined) yield sourced;
    }
    const last = docs.at(-1);
    if (last === undefined || docs.length < pageSize) return;
    query = ordered.startAfter(last);
  }
}
