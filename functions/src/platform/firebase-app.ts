import { type App, getApps, initializeApp } from 'firebase-admin/app';

/** The default app of the Admin SDK, which the host app's own functions may have made already. */
export function firebaseApp(): App {
  return getApps().find(({ name }) => name === '[DEFAULT]') ?? initializeApp();
}
