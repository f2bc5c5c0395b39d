const pollMs = 100;
const patienceMs = 60_000;

/** Waits for a condition. @throws Error naming what did not come to pass. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > giveUpAt)
      throw new Error(`Waited ${patienceMs / 1_000} s in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
