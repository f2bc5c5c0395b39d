import type { Cohort } from '../cohort.ts';
import type { Observation } from '../observation.ts';
import type { Simulate } from '../simulation.ts';

const hourMs = 3_600_000;
const outage = { fromMs: hourMs, untilMs: 3 * hourMs } as const;
export const recoveredMinute = outage.untilMs / 60_000;

export interface BacklogResult {
  readonly connections: number;
  readonly perSecond: number;
  readonly down: Observation;
  readonly healthy: Observation;
  /** What was due at the end of the outage, at the most. */
  readonly most: number;
  /** From the provider's return until nothing is overdue; undefined: longer than was simulated. */
  readonly drainMinutes: number | undefined;
  /** The most refreshes in a minute after it came back. */
  readonly mostPerMinute: number;
  readonly neighbour: { readonly beforeMs: number; readonly duringMs: number };
}

/**
 * A provider that gives no answer for two hours, in which all of its connections fall due; and
 * another beside it that is well.
 */
export async function backlog(
  simulate: Simulate,
  connections: number,
  perSecond: number,
  hours: number,
): Promise<BacklogResult> {
  const common = { lifetimeMs: hourMs, habits: [], start: 'steady' } as const;
  const cohorts: readonly Cohort[] = [
    { ...common, provider: 'down', size: connections, rotate: { perSecond }, outage },
    { ...common, provider: 'healthy', size: 20_000, rotate: { perSecond: 10 } },
  ];
  const [down, healthy] = await simulate({ cohorts, minutes: hours * 60 });
  if (down === undefined || healthy === undefined) throw new Error('Nothing was seen.');
  const after = [...down.backlog].slice(recoveredMinute);
  const drained = after.indexOf(0);
  const worst = (from: number, to?: number) =>
    healthy.delayMs.slice(from, to).reduce((one, other) => Math.max(one, other), 0);
  return {
    connections,
    perSecond,
    down,
    healthy,
    most: down.backlog.reduce((one, other) => Math.max(one, other), 0),
    drainMinutes: drained < 0 ? undefined : drained,
    mostPerMinute: down.perMinute
      .slice(recoveredMinute)
      .reduce((one, other) => Math.max(one, other), 0),
    neighbour: {
      beforeMs: worst(10, outage.fromMs / 60_000),
      duringMs: worst(outage.fromMs / 60_000),
    },
  };
}
