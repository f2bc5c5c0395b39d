// Builds the connect page into web/dist, which Hosting serves: `node web/build.mjs`.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// `firebase deploy` names the project to its predeploy hooks. Only a page that is not for a real
// project may speak to emulators on this machine.
const project = process.env.GCLOUD_PROJECT ?? 'demo-';
const emulators = project.startsWith('demo-') ? 'http://127.0.0.1:* http://localhost:*' : '';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' https:",
  `connect-src 'self' https://*.googleapis.com https://*.cloudfunctions.net ${emulators}`.trim(),
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

await rm(at('dist'), { recursive: true, force: true });
await mkdir(at('dist'));
await build({
  entryPoints: {
    hosting: at('src/hosting.ts'),
    connect: at('src/main.ts'),
    style: at('src/style.css'),
  },
  outdir: at('dist'),
  bundle: true,
  format: 'esm',
  target: ['chrome122', 'firefox121', 'safari17.4'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});
await cp(at('static'), at('dist'), { recursive: true });
const page = await readFile(at('index.html'), 'utf8');
await writeFile(at('dist/index.html'), page.replace('%POLICY%', policy));
