/**
 * Loaded by mocha before any test: keeps what the suite logs out of the report, and shows it with a
 * test that fails.
 */
const lines: string[] = [];

for (const level of ['debug', 'info', 'warn', 'error'] as const) {
  const write = console[level].bind(console);
  console[level] = (...values: unknown[]) => {
    const [line] = values;
    if (typeof line === 'string' && /^\{.*"severity":/s.test(line)) lines.push(line);
    else write(...values);
  };
}

/** What the suite has logged in this process since the test began. */
export function logged(): readonly string[] {
  return [...lines];
}

export const mochaHooks = {
  beforeEach() {
    lines.length = 0;
  },
  afterEach(this: Mocha.Context) {
    if (this.currentTest?.state === 'failed') for (const line of lines) console.log(line);
  },
};
