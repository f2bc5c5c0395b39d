/** `npm run bench -- NAME`: one measurement. */
const benches: Readonly<Record<string, () => Promise<unknown>>> = {
  calls: () => import('./calls.ts'),
  catalogue: () => import('./catalogue.ts'),
  seal: () => import('./seal.ts'),
  window: () => import('./window.ts'),
};

const [name = ''] = process.argv.splice(2, 1);
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
if (bench === undefined) {
  console.error(`Name a measurement: npm run bench -- ${Object.keys(benches).join(' | ')}.`);
  process.exit(2);
}
await bench();
