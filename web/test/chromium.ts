import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const places = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/opt/google/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
];
const namesOnMac = ['Google Chrome', 'Chromium'];

/** Quiet and unprivileged: no sandbox of its own, no calls home. */
export const chromiumArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const noChromium =
  'No Chromium was found, so the page is not clicked through: install one ' +
  '(`apt-get install chromium`) or name it in CHROMIUM_PATH.';

/** The first Chromium or Chrome of this machine; CHROMIUM_PATH goes before all others. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), ...places];
  const found = folders.flatMap((folder) =>
    [...names, ...namesOnMac].map((name) => join(folder, name)),
  );
  return [env['CHROMIUM_PATH'], ...found].find((path) => path !== undefined && isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
