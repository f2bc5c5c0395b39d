/**
 * Keeps the suite's structured logs out of what a command says. To be loaded before the suite, whose
 * logger takes the console as it finds it.
 */
for (const level of ['debug', 'info', 'warn', 'error'] as const) {
  const write = console[level].bind(console);
  console[level] = (...values: unknown[]) => {
    if (!/^\{.*"severity":/s.test(String(values[0]))) write(...values);
  };
}
