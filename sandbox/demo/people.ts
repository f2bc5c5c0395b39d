import { deleteApp, initializeApp } from 'firebase/app';
import {
  connectAuthEmulator,
  initializeAuth,
  inMemoryPersistence,
  signInWithEmailAndPassword,
} from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore } from 'firebase/firestore';
import { connectFunctionsEmulator, getFunctions } from 'firebase/functions';
import { strongroom } from '../../client/src/strongroom.ts';
import type { SandboxFile } from '../launch/sandbox-file.ts';

/** Known to everybody: the Auth emulator's import holds these users. */
const demoPassword = 'strongroom-demo';

/** A signed-in user of the app, with the real `firebase` SDK as his client. */
export interface Person {
  readonly uid: string;
  readonly email: string;
  readonly vault: ReturnType<typeof strongroom>;
  readonly db: ReturnType<typeof getFirestore>;
  idToken(): Promise<string>;
  leave(): Promise<void>;
}

/** Signs a demo user in against the Auth emulator. */
export async function signIn(sandbox: SandboxFile, name: 'ada' | 'grace'): Promise<Person> {
  const { projectId, ports, urls } = sandbox;
  const app = initializeApp({ projectId, apiKey: 'demo' }, `${name}-${crypto.randomUUID()}`);
  const auth = initializeAuth(app, { persistence: inMemoryPersistence });
  connectAuthEmulator(auth, urls.auth, { disableWarnings: true });
  const functions = getFunctions(app, sandbox.region);
  connectFunctionsEmulator(functions, '127.0.0.1', ports.functions);
  const db = getFirestore(app);
  connectFirestoreEmulator(db, '127.0.0.1', ports.firestore);

  const email = `${name}@example.com`;
  const { user } = await signInWithEmailAndPassword(auth, email, demoPassword);
  return {
    uid: user.uid,
    email,
    vault: strongroom(functions),
    db,
    idToken: () => user.getIdToken(),
    leave: () => deleteApp(app),
  };
}
