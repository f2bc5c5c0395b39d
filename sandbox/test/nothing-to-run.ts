/** Loaded by mocha: says what is wrong when no test was selected, before the empty summary. */
export function mochaGlobalSetup(this: { readonly total?: number }): void {
  if (this.total === 0)
    console.error('No test was selected: check the pattern after --grep, or the file names.');
}
