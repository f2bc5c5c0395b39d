import { type FirebaseApp, initializeApp } from 'firebase/app';
import {
  type Auth,
  browserLocalPersistence,
  connectAuthEmulator,
  indexedDBLocalPersistence,
  initializeAuth,
} from 'firebase/auth';
import { connectFirestoreEmulator, type Firestore, getFirestore } from 'firebase/firestore';
import { connectFunctionsEmulator, type Functions, getFunctions } from 'firebase/functions';
import type { HostingSetup } from './hosting.ts';

declare global {
  var strongroomHosting: HostingSetup | undefined;
}

export interface Services {
  readonly auth: Auth;
  readonly firestore: Firestore;
  readonly functions: Functions;
  /** Everything runs in the emulators. */
  readonly sandbox: boolean;
}

/** Starts the Firebase SDK with what Hosting told; the emulators only for `demo-` projects. */
export function startFirebase(setup = globalThis.strongroomHosting): Services {
  if (setup?.configuration === undefined) {
    throw new Error(
      'No Firebase configuration: this page must be served by Firebase Hosting or its emulator.',
    );
  }
  const app: FirebaseApp = initializeApp({ ...setup.configuration });
  const auth = initializeAuth(app, {
    persistence: [indexedDBLocalPersistence, browserLocalPersistence],
  });
  const firestore = getFirestore(app);
  const functions = getFunctions(app);
  const sandbox = setup.configuration['projectId']?.startsWith('demo-') === true;
  if (sandbox) {
    if (setup.auth) connectAuthEmulator(auth, setup.auth, { disableWarnings: true });
    if (setup.firestore) {
      connectFirestoreEmulator(firestore, setup.firestore.host, setup.firestore.port);
    }
    if (setup.functions) {
      connectFunctionsEmulator(functions, setup.functions.host, setup.functions.port);
    }
  }
  return { auth, firestore, functions, sandbox };
}
