import { firebaseApp } from './firebase-app.ts';

/** The task queue functions that the suite hands work to. */
export type Queue =
  | 'refreshBatch'
  | 'commitRefresh'
  | 'deliverEvents'
  | 'revokeGrant'
  | 'resealBatch'
  | 'keepSignIn';

interface TaskOptions {
  /** Not before that many seconds from now. The emulator does not wait. */
  readonly delaySeconds?: number;
}

/** Hands work to a task queue function; it runs at least once. Nothing secret may be in it. */
export type Enqueue = (queue: Queue, data: object, options?: TaskOptions) => Promise<void>;

export const enqueueTask: Enqueue = async (queue, data, { delaySeconds } = {}) => {
  const { getFunctions } = await import('firebase-admin/functions');
  const options = delaySeconds === undefined ? {} : { scheduleDelaySeconds: delaySeconds };
  await getFunctions(firebaseApp()).taskQueue(queue).enqueue(data, options);
};
