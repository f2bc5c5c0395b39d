import { readSandboxFile, type SandboxFile } from '../launch/sandbox-file.ts';

/** The sandbox that `npm test` has started for the tests. */
export const stack: SandboxFile = readSandboxFile();
