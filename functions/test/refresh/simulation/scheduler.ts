/** What a process waits for: its turn in an exchange, or a time. */
interface Task {
  readonly who: string;
  readonly what: string;
  /** Absent: it can go on at any time. */
  readonly wakeAt?: number;
  readonly goOn: () => void;
}

export interface SchedulerOptions {
  /** Gives a number in [0, count): the next choice of the schedule. */
  readonly choose: (count: number) => number;
}

const start = Date.UTC(2026, 0, 1);

/**
 * Runs processes one step at a time in an order that the test chooses. Nothing happens by itself: a
 * process goes on only when its task is taken, and time passes only when a sleeper is woken.
 */
export class Scheduler {
  now = start;
  readonly trace: string[] = [];
  readonly #tasks: Task[] = [];
  readonly #options: SchedulerOptions;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Waits to be chosen. */
  turn(who: string, what: string): Promise<void> {
    return new Promise((goOn) => this.#tasks.push({ who, what, goOn }));
  }

  sleep(who: string, delayMs: number): Promise<void> {
    const wakeAt = this.now + Math.round(delayMs);
    return new Promise((goOn) => this.#tasks.push({ who, what: 'wakes', wakeAt, goOn }));
  }

  say(who: string, what: string): void {
    this.trace.push(`${String(this.now - start).padStart(6)} ms  ${who}  ${what}`);
  }

  /** Takes tasks until nobody waits for anything. */
  async run(maximumSteps: number): Promise<void> {
    for (let steps = 0; ; steps += 1) {
      await settled();
      const task = this.#next();
      if (task === undefined) return;
      if (steps >= maximumSteps) throw new Error(`Not finished after ${maximumSteps} steps.`);
      this.now = Math.max(this.now + 1, task.wakeAt ?? 0);
      this.say(task.who, task.what);
      task.goOn();
    }
  }

  #next(): Task | undefined {
    const ready = this.#tasks.filter(({ wakeAt }) => wakeAt === undefined);
    const sleepers = this.#tasks.filter(({ wakeAt }) => wakeAt !== undefined);
    const [soonest] = sleepers.sort((a, b) => (a.wakeAt ?? 0) - (b.wakeAt ?? 0));
    // Time passes when nobody has anything else to do.
    const task = ready.length > 0 ? ready[this.#options.choose(ready.length)] : soonest;
    if (task !== undefined) this.#tasks.splice(this.#tasks.indexOf(task), 1);
    return task;
  }
}

/** Everything that can go on without a task has gone on. */
async function settled(): Promise<void> {
  for (let rounds = 0; rounds < 3; rounds += 1) await new Promise((done) => setImmediate(done));
}
