/** Shows that a long phase is alive: a spinner on a terminal, else a line every few seconds. */
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 5000;

/**
 * Runs `work` and reports `title` with the elapsed seconds while it lasts.
 * @template T
 * @param {string} title what is being done, as a gerund: "Installing packages"
 * @param {() => Promise<T>} work
 * @param {NodeJS.WriteStream} [out]
 * @returns {Promise<T>} what `work` gives; its error is passed on
 */
export async function progress(title, work, out = process.stderr) {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const spins = out.isTTY === true;
  let frame = 0;
  const show = () =>
    spins
      ? out.write(`\r\x1b[2K${FRAMES[frame++ % FRAMES.length]} ${title} … ${seconds()} s`)
      : out.write(`${title} … ${seconds()} s\n`);
  show();
  const timer = setInterval(show, spins ? SPINNER_INTERVAL_MS : LINE_INTERVAL_MS);
  try {
    const result = await work();
    out.write(`${spins ? '\r\x1b[2K' : ''}✔ ${title}: ${seconds()} s\n`);
    return result;
  } catch (error) {
    out.write(`${spins ? '\r\x1b[2K' : ''}✘ ${title}: ${seconds()} s\n`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
