import { StrongroomError } from '../errors.ts';
import type { Sealer } from '../vault/seal.ts';
import type { Audit } from './audit.ts';

/** The same sealer, which records what it refuses to open. Refusing is all that its callers see. */
export function auditingSealer(sealer: Sealer, audit: Pick<Audit, 'note'>): Sealer {
  return {
    ...sealer,
    async open(jwe, place) {
      try {
        return await sealer.open(jwe, place);
      } catch (error) {
        if (error instanceof StrongroomError && error.code === 'sealed_value_rejected') {
          const { uid, document, field, generation } = place;
          const about = {
            uid: uid === '' ? null : uid,
            // The hash of a state names nothing that anybody could look up.
            connectionId: field === 'authorization' ? null : document,
          };
          await audit.note(
            { type: 'tampering', actor: 'suite', ...about, field, generation },
            `tampering_${document.slice(0, 100)}`,
          );
        }
        throw error;
      }
    },
  };
}
