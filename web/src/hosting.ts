/**
 * Where the page's Firebase configuration comes from: Hosting's own start-up script,
 * `/__/firebase/init.js?useEmulator=true`, which exists in production and in the emulator alike. It
 * speaks to the global `firebase` of the older SDK: `initializeApp(configuration)` and, in the
 * emulator, `auth().useEmulator(…)` and so on, with whatever ports were chosen. This global writes
 * down what it says. index.html loads this file, then that script, then the page.
 */
export interface HostingSetup {
  configuration?: Readonly<Record<string, string>>;
  /** Address of the Auth emulator. */
  auth?: string;
  firestore?: { readonly host: string; readonly port: number };
  functions?: { readonly host: string; readonly port: number };
}

const setup: HostingSetup = {};

/** An emulator that listens on every address is reached on the one the page came from. */
const reachable = (host: string): string => (host === '0.0.0.0' ? location.hostname : host);

const recorder = {
  initializeApp: (configuration: Readonly<Record<string, string>>): void => {
    setup.configuration = configuration;
  },
  auth: () => ({
    useEmulator: (url: string): void => {
      setup.auth = url;
    },
  }),
  firestore: () => ({
    useEmulator: (host: string, port: number): void => {
      setup.firestore = { host: reachable(host), port };
    },
  }),
  functions: () => ({
    useEmulator: (host: string, port: number): void => {
      setup.functions = { host: reachable(host), port };
    },
  }),
};

Object.assign(globalThis, { firebase: recorder, strongroomHosting: setup });
