/** One line of a plot. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  /** Default: from 0, or from the least where `isLogarithmic`. */
  readonly from?: number;
  readonly to?: number;
  readonly isLogarithmic?: boolean;
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A level that means something. */
  readonly marks?: readonly { readonly y: number; readonly label: string }[];
}

const width = 860;
const height = 380;
const frame = { left: 84, right: 24, top: 76, bottom: 56 };
/** Told apart by everybody, on white as on black (Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
/** More points than pixels tell nothing. */
const mostPoints = 700;

/** A line plot as SVG that stands on a white and on a black page. */
export function plot({ title, x, y, series, marks = [] }: Plot): string {
  const xs = series.flatMap(({ points }) => points.map(([value]) => value));
  const ys = series.flatMap(({ points }) => points.map(([, value]) => value));
  const inner = {
    width: width - frame.left - frame.right,
    height: height - frame.top - frame.bottom,
  };
  const across = scaleOf(x, xs, (share) => frame.left + share * inner.width);
  const up = scaleOf(
    y,
    [...ys, ...marks.map((mark) => mark.y)],
    (share) => frame.top + (1 - share) * inner.height,
  );
  const bottom = frame.top + inner.height;
  const right = frame.left + inner.width;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title>`,
    `<style>:root{--page:#fff;--ink:#1f2328;--dim:#59636e;--grid:#d1d9e0}@media(prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--grid:#3d444d}}text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--dim)}.h{font-size:16px;font-weight:600;fill:var(--ink)}.k{paint-order:stroke;stroke:var(--page);stroke-width:4px}.g{stroke:var(--grid);stroke-width:1}.m{stroke:var(--dim);stroke-width:1.2;stroke-dasharray:5 4}.l{fill:none;stroke-width:2;stroke-linejoin:round}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="var(--page)"/>`,
    `<text class="h" x="${frame.left}" y="26">${escaped(title)}</text>`,
    ...legend(series),
    ...up.ticks.flatMap(([at, label]) => [
      `<line class="g" x1="${frame.left}" x2="${right}" y1="${at}" y2="${at}"/>`,
      `<text x="${frame.left - 8}" y="${round(at + 4)}" text-anchor="end">${label}</text>`,
    ]),
    ...across.ticks.flatMap(([at, label]) => [
      `<line class="g" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}"/>`,
      `<text x="${at}" y="${bottom + 20}" text-anchor="middle">${label}</text>`,
    ]),
    `<text x="${frame.left + inner.width / 2}" y="${height - 12}" text-anchor="middle">${escaped(x.label)}</text>`,
    `<text transform="translate(20 ${frame.top + inner.height / 2}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
    ...marks.flatMap((mark) => [
      `<line class="m" x1="${frame.left}" x2="${right}" y1="${up.at(mark.y)}" y2="${up.at(mark.y)}"/>`,
      `<text class="k" x="${frame.left + 8}" y="${round(up.at(mark.y) - 6)}">${escaped(mark.label)}</text>`,
    ]),
    ...series.map(({ points }, number) => {
      const shown = thinned(points).filter(([, value]) => Number.isFinite(value));
      const path = shown.map(([px, py]) => `${across.at(px)} ${up.at(py)}`).join('L');
      return `<path class="l" stroke="${colourOf(number)}" d="M${path}"/>`;
    }),
    '</svg>',
  ].join('\n')}\n`;
}

function legend(series: readonly Series[]): string[] {
  if (series.length < 2) return [];
  let left = frame.left;
  return series.map(({ name }, number) => {
    const at = left;
    left += 42 + name.length * 7;
    return `<line class="l" stroke="${colourOf(number)}" x1="${at}" x2="${at + 20}" y1="50" y2="50"/><text x="${at + 26}" y="54">${escaped(name)}</text>`;
  });
}

function colourOf(number: number): string {
  return colours[number % colours.length] ?? '#888';
}

interface Scale {
  /** The place of a value, in the picture's units. */
  at(value: number): number;
  readonly ticks: readonly (readonly [at: number, label: string])[];
}

function scaleOf(axis: Axis, values: readonly number[], place: (share: number) => number): Scale {
  const { isLogarithmic = false } = axis;
  const positive = values.filter((value) => value > 0);
  const least = axis.from ?? (isLogarithmic ? least_(positive) : 0);
  const most = axis.to ?? values.reduce((one, other) => Math.max(one, other), least);
  const ticks = isLogarithmic ? powersBetween(least, most) : stepsBetween(least, most);
  const from = isLogarithmic ? Math.log10(least) : least;
  const end = isLogarithmic ? Math.log10(most) : Math.max(most, ticks.at(-1) ?? most);
  const at = (value: number) => {
    const shown = isLogarithmic ? Math.log10(Math.max(value, least)) : value;
    return round(place(end === from ? 0 : Math.min(1, (shown - from) / (end - from))));
  };
  return { at, ticks: ticks.map((tick) => [at(tick), labelOf(tick)]) };
}

function least_(values: readonly number[]): number {
  return values.reduce((one, other) => Math.min(one, other), values[0] ?? 1);
}

/** Round steps, five or so; the last is the first that reaches `to`. */
function stepsBetween(from: number, to: number): number[] {
  const rough = (to - from) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil((to - from) / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, n) => from + n * step);
}

function powersBetween(from: number, to: number): number[] {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => 10 ** (first + n));
}

/** The highest of every stretch: a peak must be seen. */
function thinned(points: Series['points']): Series['points'] {
  if (points.length <= mostPoints) return points;
  const stretch = Math.ceil(points.length / mostPoints);
  return Array.from({ length: Math.ceil(points.length / stretch) }, (_, n) =>
    points
      .slice(n * stretch, (n + 1) * stretch)
      .reduce((one, other) => (other[1] > one[1] ? other : one)),
  );
}

const units: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** 25000 as 25k. */
export function labelOf(value: number): string {
  const [size, unit] = units.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  return `${Number((value / size).toPrecision(3))}${unit}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
