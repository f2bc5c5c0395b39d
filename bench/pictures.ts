import { type Plot, plot, type Series } from './plot.ts';
import { type BacklogResult, recoveredMinute } from './scenarios/backlog.ts';
import { type ExpiryPoint, neededPerSecond } from './scenarios/expiry.ts';
import type { ImportResult } from './scenarios/import.ts';

const mostPerSecond = 1_000;

/** SVG by file name. */
export type Pictures = Readonly<Record<string, string>>;

export function importPicture({ byJitter, limited, perSecond, meanPerMinute }: ImportResult): Plot {
  const series = (name: string, values: Float64Array): Series => ({
    name,
    points: [...values].map((value, minute) => [minute / 60, value]),
  });
  return {
    title: 'A million connections imported in one minute, tokens of one hour',
    x: { label: 'hours after the import', to: 6 },
    y: { label: 'refreshes per minute' },
    series: [
      series('jitter alone', byJitter.perMinute.slice(0, 360)),
      series(`jitter and a limit of ${perSecond} per second`, limited.perMinute),
    ],
    marks: [{ y: meanPerMinute, label: 'mean' }],
  };
}

export function backlogPicture(results: readonly BacklogResult[]): Plot {
  return {
    title: 'A provider gives no answer from the 1st to the 3rd hour',
    x: { label: 'hours' },
    y: { label: 'due and not refreshed, % of its connections', to: 100 },
    series: results.map(({ connections, perSecond, down }) => ({
      name: `${connections.toLocaleString('en-US')}, ${perSecond} per second`,
      points: [...down.backlog].map((left, minute) => [minute / 60, (left / connections) * 100]),
    })),
  };
}

export function neighbourPicture({ healthy, down }: BacklogResult): Plot {
  const points = (values: Float64Array): Series['points'] =>
    [...values].map((ms, minute) => [minute / 60, Math.max(0, ms) / 60_000] as const).slice(10);
  return {
    title: 'How late the latest refresh of each minute is, after the time that was meant',
    x: { label: `hours; one provider is down until ${recoveredMinute / 60} h` },
    y: { label: 'minutes' },
    series: [
      { name: 'the provider that was down', points: points(down.delayMs) },
      { name: 'the other', points: points(healthy.delayMs) },
    ],
  };
}

export function expiryPicture(points: readonly ExpiryPoint[]): Plot {
  return {
    title: 'Tokens of eight hours refreshed before they expire, in a day',
    x: { label: 'limit per second ÷ connections per mean interval', from: 0.8, to: 1.2 },
    y: { label: 'refreshed before expiry, %', to: 100 },
    series: [{ name: 'on time', points: points.map(({ ratio, onTime }) => [ratio, onTime * 100]) }],
  };
}

export async function neededPicture(): Promise<Plot> {
  const sizes = [1e3, 1e4, 1e5, 1e6, 1e7];
  const series: Series[] = [];
  for (const hours of [1, 8, 24]) {
    const points: (readonly [number, number])[] = [];
    for (const size of sizes) points.push([size, await neededPerSecond(size, hours)]);
    series.push({ name: `tokens of ${hours} h`, points });
  }
  return {
    title: 'Requests per second that the policy “always” asks for',
    x: { label: 'connections of one provider', isLogarithmic: true },
    y: { label: 'requests per second', isLogarithmic: true, from: 0.01 },
    series,
    marks: [{ y: mostPerSecond, label: 'the most that the settings take' }],
  };
}

export function drawn(plots: Readonly<Record<string, Plot>>): Pictures {
  return Object.fromEntries(Object.entries(plots).map(([name, one]) => [`${name}.svg`, plot(one)]));
}
