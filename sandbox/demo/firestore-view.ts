/** Reads the emulator as its administrator does, past the rules and past the meter. */
export function firestoreView(url: string, projectId: string) {
  const documents = `${url}/v1/projects/${projectId}/databases/(default)/documents`;
  const headers = { authorization: 'Bearer owner' };

  return {
    /** The fields of a document, or undefined. */
    async document(path: string): Promise<Record<string, unknown> | undefined> {
      const response = await fetch(`${documents}/${path}`, { headers });
      if (response.status === 404) return undefined;
      const { fields } = asObject(await response.json());
      return Object.fromEntries(
        Object.entries(asObject(fields)).map(([name, value]) => [name, plain(value)]),
      );
    },
    /** The paths of all documents of the collections with this id, wherever they are. */
    async paths(collectionId: string): Promise<string[]> {
      const from = [{ collectionId, allDescendants: true }];
      const response = await fetch(`${documents}:runQuery`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ structuredQuery: { from } }),
      });
      const rows: unknown = await response.json();
      if (!Array.isArray(rows)) throw new Error('Firestore did not answer the query.');
      return rows.flatMap((row: unknown) => {
        const { document } = asObject(row);
        const { name } = asObject(document);
        return typeof name === 'string' ? [name.slice(name.indexOf('/documents/') + 11)] : [];
      });
    },
  };
}

export type FirestoreView = ReturnType<typeof firestoreView>;

/** A value of Firestore's REST form (`{stringValue: "x"}`) as the value it stands for. */
function plain(value: unknown): unknown {
  const [[type, inner] = ['nullValue', null]] = Object.entries(asObject(value));
  if (type === 'nullValue') return null;
  if (type === 'integerValue') return Number(inner);
  if (type === 'mapValue') {
    const { fields } = asObject(inner);
    return Object.fromEntries(Object.entries(asObject(fields)).map(([k, v]) => [k, plain(v)]));
  }
  if (type === 'arrayValue') {
    const { values } = asObject(inner);
    return Array.isArray(values) ? values.map(plain) : [];
  }
  return inner;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
