import { createHash, randomBytes } from 'node:crypto';
import type { AuditFact, AuditRecord } from './record.ts';

type Receipt = Extract<AuditFact, { type: 'user_forgotten' }>;

/**
 * The receipt of a deletion. Its salt is its own and stands beside the hash: whoever knows a uid can
 * check that it was forgotten, for ever and without any secret, and nobody else learns anything.
 */
export function receiptOf(
  uid: string,
  facts: Pick<Receipt, 'actor' | 'connections' | 'pending' | 'beganAt'>,
): Receipt {
  const salt = randomBytes(16).toString('base64url');
  return { type: 'user_forgotten', uid: null, salt, uidHash: hashOf(salt, uid), ...facts };
}

/** Whether that record proves that this user was forgotten. */
export function isReceiptOf(uid: string, record: AuditRecord): boolean {
  return record.type === 'user_forgotten' && hashOf(record.salt, uid) === record.uidHash;
}

function hashOf(salt: string, uid: string): string {
  return createHash('sha256').update(salt).update(uid).digest('base64url');
}
