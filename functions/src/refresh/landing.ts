import type { TokenSet } from '../oauth/token-set.ts';
import { alive, type VaultDocument } from '../store/documents.ts';

/** Where a token set that a provider gave lands: the end of the protocol. Pure, as `protocol.ts`. */

/** What a provider gave, whose it is, and what it followed. */
export interface Given {
  readonly id: string;
  readonly uid: string;
  /** The attempt that got it. */
  readonly attempt: string;
  /** The authorization and the generation of the token set that was refreshed. */
  readonly authorization: string | null;
  readonly generation: number;
  /** Where they are others than before. */
  readonly scopes?: readonly string[];
  readonly tokenSet: TokenSet;
  /** A caller asked for it; not rotation. */
  readonly isForCaller: boolean;
}

/** What stands between a token set and the document as it is now. */
export type Landing =
  /** Nothing: it is the newest. */
  | 'open'
  /** It is written already, by an earlier try whose answer was lost. */
  | 'landed'
  /** The document has a newer one, or one of a new authorization. */
  | 'overtaken'
  /** The connection was ended. */
  | 'gone';

/**
 * Whether what a provider gave is still to be written.
 *
 * @param document as it is now; undefined: there is none.
 */
export function landingOf(given: Given, document: VaultDocument | undefined): Landing {
  if (document === undefined) return 'gone';
  if (document.committedBy === given.attempt) return 'landed';
  if (document.authorization !== given.authorization) return 'overtaken';
  // Given up for a reason that a newer token set does not take away.
  if (document.status === 'needs_reauth' && document.reason !== 'interrupted') return 'overtaken';
  const hasMoved = document.generation !== given.generation;
  return hasMoved && document.obtainedAt >= given.tokenSet.obtainedAt ? 'overtaken' : 'open';
}

/** What landing changes beside the token set. A lease that is another's is left to him. */
export function land(given: Given, document: VaultDocument) {
  const isOurs = document.lease?.owner === given.attempt;
  // Another found the token spent, by us, and gave the connection up: it lives.
  const isRevived = document.status === 'needs_reauth' && document.reason === 'interrupted';
  return {
    isRevived,
    vault: {
      ...(isOurs ? {} : { lease: document.lease, journal: document.journal }),
      ...(isRevived && alive),
      committedBy: given.attempt,
    },
    status: {
      ...(isRevived && alive),
      ...(given.scopes && { scopes: [...given.scopes] }),
    },
  };
}
