/** @file Draws the errors of a tensor as SVG: against the time step, and as a heat map over all its axes. */
import { escaped, ticks } from '../../../io/markup.ts';
import { stridesOf } from '../../../tensor/shape.ts';
import type { ComparedNumbers } from '../failure-data.ts';
import { nearest } from '../verdict/judged.ts';
import { ratioOf } from '../verdict/place.ts';

/** |error| / bound from which on each level of the heat map begins; the first ones are right. */
const levels = [
  { from: 0, says: 'at most 1 % of the bound' },
  { from: 0.01, says: 'within the bound' },
  { from: 1, says: 'wrong' },
  { from: 10, says: 'over 10 × the bound' },
  { from: 1e3, says: 'over 10³ ×' },
  { from: 1e6, says: 'over 10⁶ ×, or NaN' },
] as const;

const levelOf = (ratio: number): number => levels.findLastIndex(({ from }) => ratio > from || from === 0);

/** The most cells of a heat map and points of a line: beyond, neighbours share one, which shows the largest. */
const most = { columns: 120, rows: 96, points: 180 };

/** Every |error| / bound of a tensor, by row and column: columns are time steps, or the last axis where there is none. */
interface Grid {
  readonly column: string;
  readonly columns: number;
  readonly rows: readonly { readonly name: string; readonly ratios: readonly number[] }[];
}

function gridOf(numbers: ComparedNumbers): Grid {
  const { shape, axes, expected, bounds } = numbers;
  const answered = nearest(numbers, numbers.answered);
  const time = axes.indexOf('t');
  const across = time < 0 ? shape.length - 1 : time;
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== across);
  const strides = stridesOf(shape);
  const columns = shape[across] ?? 1;
  const rows = Array.from({ length: answered.length / columns }, (_, row) => {
    let [left, start] = [row, 0];
    const place: string[] = [];
    for (const axis of [...others].reverse()) {
      const at = left % shape[axis]!;
      left = (left - at) / shape[axis]!;
      start += at * strides[axis]!;
      place.unshift(`${axes[axis]} ${at}`);
    }
    const ratios = Array.from({ length: columns }, (_, i) => {
      const at = start + i * (strides[across] ?? 1);
      // where nothing is bounded, nothing is wrong
      return bounds[at] === Number.POSITIVE_INFINITY ? 0 : ratioOf(answered[at]!, expected[at]!, bounds[at]!);
    });
    return { name: place.join(', '), ratios };
  });
  return { column: axes[across] ?? 'number', columns, rows };
}

/** The largest of some numbers, which may be more than a call takes arguments. */
const largest = (numbers: Iterable<number>): number => {
  let found = Number.NEGATIVE_INFINITY;
  for (const x of numbers) if (x > found) found = x;
  return found;
};

/** The largest numbers of at most so many equal parts. */
function inParts(numbers: readonly number[], parts: number): number[] {
  const size = Math.ceil(numbers.length / parts);
  return Array.from({ length: Math.ceil(numbers.length / size) }, (_, i) =>
    largest(numbers.slice(i * size, (i + 1) * size)),
  );
}

/** A heat map of |error| / bound: time steps across, all other axes down. */
export function heatMap(tensor: string, numbers: ComparedNumbers): string {
  const { column, columns, rows } = gridOf(numbers);
  const together = Math.ceil(rows.length / most.rows);
  const cells = Array.from({ length: Math.ceil(rows.length / together) }, (_, i) => {
    const some = rows.slice(i * together, (i + 1) * together);
    const ratios = Array.from({ length: columns }, (_, j) => largest(some.map((row) => row.ratios[j]!)));
    return { name: some[0]!.name, ratios: inParts(ratios, most.columns) };
  });
  const [left, top, width] = [86, 6, 268];
  const across = width / (cells[0]?.ratios.length ?? 1);
  const down = Math.max(2, Math.min(12, 220 / cells.length));
  const height = top + down * cells.length;
  const rects = cells.flatMap(({ ratios }, row) => {
    const found: string[] = [];
    for (let from = 0; from < ratios.length; ) {
      const level = levelOf(ratios[from]!);
      let to = from + 1;
      while (to < ratios.length && levelOf(ratios[to]!) === level) to++;
      found.push(
        `<rect class="l${level}" x="${(left + from * across).toFixed(1)}" y="${(top + row * down).toFixed(1)}" width="${((to - from) * across).toFixed(1)}" height="${down.toFixed(1)}"/>`,
      );
      from = to;
    }
    return found;
  });
  const every = Math.ceil(12 / down);
  const names = cells
    .map(({ name }, row) => ({ name, row }))
    .filter(({ row }) => row % every === 0)
    .map(
      ({ name, row }) =>
        `<text x="${left - 4}" y="${(top + row * down + Math.min(down, 10)).toFixed(1)}" text-anchor="end">${escaped(name)}</text>`,
    );
  const label = `|error| / bound of ${tensor}: ${column} across, ${rows.length} rows of its other axes down`;
  return figure(label, height + 30, [
    ...rects,
    ...names,
    `<text x="${left}" y="${height + 12}">${column} 0</text>`,
    `<text x="${left + width}" y="${height + 12}" text-anchor="end">${column} ${columns - 1}</text>`,
  ]);
}

/** The largest |error| / bound of each time step, on a logarithmic scale; nothing for a tensor without time. */
export function errorByTime(tensor: string, numbers: ComparedNumbers): string {
  const { column, columns, rows } = gridOf(numbers);
  if (column !== 't' || columns < 2) return '';
  const all = Array.from({ length: columns }, (_, t) => largest(rows.map(({ ratios }) => ratios[t]!)));
  const size = Math.ceil(columns / most.points);
  const points = inParts(all, most.points).map((ratio) => Math.log10(Math.min(Math.max(ratio, 1e-4), 1e12)));
  const [low, high] = [Math.min(-1, ...points), Math.max(1, ...points)];
  const [left, top, width, height] = [48, 8, 306, 150];
  const x = (t: number): string => (left + (width * t) / (columns - 1)).toFixed(1);
  const y = (power: number): string => (top + (height * (high - power)) / (high - low)).toFixed(1);
  const marks = points.map((power, i) => [x(Math.min(columns - 1, i * size)), y(power), power > 0] as const);
  return figure(`largest |error| / bound of ${tensor} at each time step`, top + height + 34, [
    ...ticks(low, high)
      .filter(Number.isInteger)
      .map(
        (power) =>
          `<line class="grid" x1="${left}" x2="${left + width}" y1="${y(power)}" y2="${y(power)}"/><text x="${left - 4}" y="${y(power)}" dy="4" text-anchor="end">10${superscript(power)}</text>`,
      ),
    `<line class="bound" x1="${left}" x2="${left + width}" y1="${y(0)}" y2="${y(0)}"/>`,
    `<polyline class="curve" points="${marks.map(([at, high]) => `${at},${high}`).join(' ')}"/>`,
    ...marks.map(
      ([at, high, isWrong]) => `<circle class="${isWrong ? 'off' : 'in'}" cx="${at}" cy="${high}" r="2.5"/>`,
    ),
    `<text x="${left}" y="${top + height + 16}">t 0</text>`,
    `<text x="${left + width}" y="${top + height + 16}" text-anchor="end">t ${columns - 1}</text>`,
  ]);
}

const superscript = (power: number): string =>
  `${power}`.replace(/[-\d]/g, (c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)]!));

/** What the colours of heat maps mean. */
export const legend = (): string =>
  `<p class="legend">${levels.map(({ says }, i) => `<span><i class="l${i}"></i>${says}</span>`).join(' ')}</p>`;

const figure = (label: string, height: number, parts: readonly string[]): string =>
  `<figure><figcaption>${escaped(label)}</figcaption><svg viewBox="0 0 360 ${Math.ceil(height)}" role="img" aria-label="${escaped(label)}">${parts.join('')}</svg></figure>`;
