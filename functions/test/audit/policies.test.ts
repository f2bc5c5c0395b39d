import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { levelOf } from '../../src/audit/record.ts';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

describe('the policies of the audit', () => {
  const { indexes, fieldOverrides } = JSON.parse(read('firestore.indexes.json'));

  it('let Firestore delete what is old', () => {
    const of = (fieldPath: string) =>
      fieldOverrides.find(
        (override: { collectionGroup: string; fieldPath: string }) =>
          override.collectionGroup === 'strongroomAudit' && override.fieldPath === fieldPath,
      );
    assert.equal(of('deleteAt')?.ttl, true);
    // A rising index would cap what the collection takes per second.
    assert.deepEqual(of('occurredAt')?.indexes, []);
    // Deleting all of a user looks for him alone.
    assert.equal(of('uid'), undefined);
  });

  it('have the index that lists by user and time', () => {
    const fields = indexes
      .filter(
        ({ collectionGroup }: { collectionGroup: string }) => collectionGroup === 'strongroomAudit',
      )
      .map((index: { fields: { fieldPath: string; order: string }[] }) =>
        index.fields.map(({ fieldPath, order }) => `${fieldPath} ${order}`),
      );
    assert.deepEqual(fields, [['uid ASCENDING', 'occurredAt DESCENDING']]);
  });

  it('are documented: every type of record, with its level', () => {
    const text = read('docs/audit.md');
    for (const [type, level] of Object.entries(levelOf)) {
      assert.match(text, new RegExp(`\\| \`${type}\` \\| \`${level}\` \\|`), type);
    }
  });
});
