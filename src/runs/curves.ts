/** @file Makes curves of losses from the metrics of runs, and draws them: as SVG, or in characters. */
import { join } from 'node:path';
import { escaped, ticks } from '../io/markup.ts';
import { statOf } from '../io/read-file.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { isGrid } from './ablation/results.ts';
import { readAbout } from './checkpoint.ts';
import { type Metric, metricsOf } from './metrics.ts';
import { chart } from './terminal-chart.ts';

/** Steps and losses, or accuracies, in order. */
export type Curve = readonly (readonly [step: number, value: number])[];

/** Curves of a run. */
export interface Curves {
  readonly run: string;
  /** The text or task, in words. */
  readonly on: string;
  /** What tells the text or task from others. */
  readonly problem: string;
  readonly training: Curve;
  readonly validation: Curve;
  /** Accuracy in validation, of a run on a task; else empty. */
  readonly accuracy: Curve;
}

/** A curve to draw with its name; those that belong to it are drawn pale. */
export interface Line {
  readonly name: string;
  readonly strong: Curve;
  readonly pale: readonly Curve[];
}

/** What curves can show, and the name of its axis. */
export const measures = { loss: 'loss, nats a token', accuracy: 'accuracy in validation' } as const;

export type Measure = keyof typeof measures;

/** The lines of runs. Throws where a run has no accuracy and that is asked for. */
export function linesOf(runs: readonly Curves[], measure: Measure): Line[] {
  if (measure === 'loss')
    return runs.map(({ run, training, validation }) => ({ name: run, strong: validation, pale: [training] }));
  const without = runs.find(({ accuracy }) => accuracy.length === 0);
  if (without) fail(`${without.run}: has no accuracy, as its run is on no task; draw the loss`);
  return runs.map(({ run, accuracy }) => ({ name: run, strong: accuracy, pale: [] }));
}

/** Largest number of points of a training curve: each is the mean of some steps, as single losses hide the trend. */
const mostPoints = 100;

/** Means of neighbouring points, at the last step of each group. */
function means(points: Curve): Curve {
  const size = Math.ceil(points.length / mostPoints);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const some = points.slice(i * size, (i + 1) * size);
    return [some.at(-1)![0], some.reduce((sum, [, loss]) => sum + loss, 0) / some.length] as const;
  });
}

const curve = (metrics: readonly Metric[], key: 'loss' | 'validation' | 'accuracy'): Curve =>
  metrics.flatMap((one) => (Number.isFinite(one[key]) ? [[one.step, one[key]!] as const] : []));

/** What the checkpoint of a run says; null where there is none, or it is damaged: losses are drawn without it. */
function aboutIfWhole(run: string): ReturnType<typeof readAbout> {
  try {
    return readAbout(run);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** What a run is on, in words, and what tells it from others: a text with its vocabulary, or a task. */
function subjectOf(run: string): Pick<Curves, 'on' | 'problem'> {
  const about = aboutIfWhole(run);
  if (about === null) return { on: 'a text or task that is not known', problem: '' };
  const { task, text, vocabulary } = about.settings;
  const on = task === null ? `${text ?? 'the built-in text'} in ${vocabulary}` : `task ${task}`;
  return { on, problem: `${about.text} ${vocabulary}` };
}

/** A path that is no run, why, and what to give in its place. */
interface Skipped {
  readonly path: string;
  readonly reason: string;
  readonly remedy: string;
}

/** The curves of a run, or why a path is none. Throws where there is no such path. */
function curvesAt(path: string): Curves | Skipped {
  if (!statOf(path).isDirectory()) return { path, reason: 'is no folder', remedy: 'give that of a run' };
  if (isGrid(path)) return { path, reason: 'is a grid', remedy: `densessm plot ${join(path, '*')} draws its runs` };
  const metrics = metricsOf(path);
  const [training, validation] = [means(curve(metrics, 'loss')), curve(metrics, 'validation')];
  if (training.length + validation.length > 0)
    return { run: path, ...subjectOf(path), training, validation, accuracy: curve(metrics, 'accuracy') };
  const remedy = `give the folder of a run that has trained (densessm runs ${path} lists those inside)`;
  return { path, reason: 'has no losses yet', remedy };
}

/** The curves of the runs among some paths, and the others. Throws where there is no run, or no such path. */
export function curvesOf(paths: readonly string[]): {
  readonly curves: readonly Curves[];
  readonly skipped: readonly Skipped[];
} {
  const found = paths.map(curvesAt);
  const curves = found.flatMap((one) => ('run' in one ? one : []));
  const skipped = found.flatMap((one) => ('path' in one ? one : []));
  const [first, ...others] = skipped;
  if (curves.length === 0 && first !== undefined) {
    const also = others.length === 0 ? '' : `, and the others are no runs either`;
    fail(`${first.path}: ${first.reason}${also}; ${first.remedy}`);
  }
  return { curves, skipped };
}

/** Why the values of runs cannot be compared, in words: they are on several texts, vocabularies or tasks. Null where they can. */
export function unlike(curves: readonly Curves[]): string | null {
  const [first, ...others] = curves;
  const other = others.find(({ problem }) => problem !== first!.problem);
  return other === undefined
    ? null
    : `${first!.run} is on ${first!.on}, ${other.run} on ${other.on}: their values cannot be compared`;
}

/** The loss at a step, on the line between the points around it; null outside. */
function lossAt(points: Curve, step: number): number | null {
  const after = points.findIndex(([at]) => at >= step);
  if (after < 0 || (after === 0 && points[0]![0] > step)) return null;
  const [x, y] = points[after]!;
  if (after === 0) return y;
  const [x0, y0] = points[after - 1]!;
  return y0 + ((y - y0) * (step - x0)) / (x - x0);
}

const extent = (all: readonly Curve[], axis: 0 | 1): [least: number, most: number] => {
  const numbers = all.flat().map((point) => point[axis]);
  return [Math.min(...numbers), Math.max(...numbers)];
};

/** The curve that is drawn: the first of two points at least, else that with a point. */
const shownOf = (curves: readonly Curve[]): Curve =>
  curves.find(({ length }) => length > 1) ?? curves.find(({ length }) => length > 0)!;

/** Marks of curves in characters, which tell them apart without colours. */
const marks = ['o', '+', 'x', '*', '#', '@', '%', '&', '$', '='];

/** Paints the mark of a line, or leaves it as it is. */
export type Paint = (mark: string, line: number) => string;

/**
 * Draws the strong curve of each line in characters, a pale one where that has no two points, and its last value. Several curves have a mark each, in columns
 * of their own, so that none hides another.
 */
export function drawn(lines: readonly Line[], width: number, paint: Paint): string {
  const all = lines.map(({ strong, pale }) => shownOf([strong, ...pale]));
  const [[least, most], [low, high]] = [extent(all, 0), extent(all, 1)];
  const points = all.map((one, line) => [
    ...Array.from({ length: width }, (_, column): [number, number] | null => {
      if (column % all.length !== line) return null;
      const step = least + ((most - least) * column) / (width - 1);
      const loss = lossAt(one, step);
      return loss === null ? null : [step, loss];
    }).filter((point) => point !== null),
    // however short a curve is, its end is there
    [...one.at(-1)!] satisfies [number, number],
  ]);
  const painted = lines.map((_, line) => paint(marks[line % marks.length]!, line));
  // the chart draws one curve after the other, and does not say which
  let line = -1;
  const marked = ({ plotX: x, plotY: y, index }: { plotX: number; plotY: number; index: number }) => {
    if (index === 0) line++;
    return { x, y, symbol: painted[line]! };
  };
  const several = lines.length > 1;
  const formatter = (x: number, { axis }: { axis: string }): string | number =>
    axis === 'y' ? x.toFixed(2) : Math.round(x);
  const body = chart(points, {
    width,
    height: 16,
    formatter,
    customXAxisTicks: ticks(least, most),
    customYAxisTicks: ticks(low, high),
    ...(several && { lineFormatter: marked }),
  });
  const legend = lines.map(({ name }, i) => {
    const [step, value] = all[i]!.at(-1)!;
    return `${several ? `${painted[i]} ` : ''}${name}: ${value.toFixed(4)} after step ${step}`;
  });
  return [body.trimEnd(), ...legend].join('\n');
}

const colourOf = (i: number): string =>
  ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', 'currentColor'][i % 7]!;

/** The element by which a plot of densessm is known. */
export const plotMark = '<desc>drawn by densessm</desc>';

/** The highest value that is drawn: of losses that after the first tenth of the steps, as the fall before would hide what follows. */
function highest(all: readonly Curve[], measure: Measure, [first, last]: readonly [number, number]): number {
  const late = all.map((one) => one.filter(([step]) => step >= first + (last - first) / 10));
  return extent(measure === 'loss' && late.some(({ length }) => length > 1) ? late : all, 1)[1];
}

/** The colours of text and ground, which follow the reader's. */
const inks =
  '<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}#ground{fill:#0d1117}}</style>';

/**
 * Draws lines as SVG: strong curves with points, a colour for each line, whose name is followed by `legend`. Losses of the first tenth of the steps
 * that are above all others are cut off.
 */
export function svgOf(lines: readonly Line[], measure: Measure, legend: string): string {
  const [width, height, left, top, bottom] = [720, 420, 56, 16, 44 + 18 * lines.length];
  const all = lines.flatMap(({ strong, pale }) => [strong, ...pale]);
  const [[x0, x1], [y0]] = [extent(all, 0), extent(all, 1)];
  const y1 = highest(all, measure, [x0, x1]);
  const x = (step: number): string => (left + ((width - left - 16) * (step - x0)) / (x1 - x0 || 1)).toFixed(1);
  const y = (loss: number): string => (top + ((height - top - 16) * (y1 - loss)) / (y1 - y0 || 1)).toFixed(1);
  const polyline = (points: Curve, style: string): string =>
    points.length === 0
      ? ''
      : `<polyline fill="none" ${style} points="${points.map(([step, loss]) => `${x(step)},${y(loss)}`).join(' ')}"/>`;
  const parts = [
    ...ticks(y0, y1).map(
      (loss) =>
        `<line x1="${left}" x2="${width - 16}" y1="${y(loss)}" y2="${y(loss)}" stroke="currentColor" stroke-opacity="0.2"/><text x="${left - 6}" y="${y(loss)}" dy="4" text-anchor="end">${loss}</text>`,
    ),
    ...ticks(x0, x1).map((step) => `<text x="${x(step)}" y="${height + 4}" text-anchor="middle">${step}</text>`),
    `<text x="${(left + width) / 2}" y="${height + 22}" text-anchor="middle">step</text>`,
    `<text transform="translate(14 ${height / 2}) rotate(-90)" text-anchor="middle">${measures[measure]}</text>`,
    `<clipPath id="inside"><rect x="0" y="${top - 4}" width="${width}" height="${height}"/></clipPath><g clip-path="url(#inside)">`,
    ...lines.flatMap(({ strong, pale }, i) => [
      ...pale.map((points) => polyline(points, `stroke="${colourOf(i)}" stroke-opacity="0.4"`)),
      polyline(strong, `stroke="${colourOf(i)}" stroke-width="2"`),
      ...strong.map(([step, loss]) => `<circle cx="${x(step)}" cy="${y(loss)}" r="2.5" fill="${colourOf(i)}"/>`),
    ]),
    '</g>',
    ...lines.map(
      ({ name }, i) =>
        `<text x="${left}" y="${height + 42 + 18 * i}" fill="${colourOf(i)}">${escaped(name)}${legend}</text>`,
    ),
  ];
  const title = `<title>${measures[measure]}, by step: ${escaped(lines.map(({ name }) => name).join('; '))}</title>`;
  const size = `viewBox="0 0 ${width} ${height + bottom}" width="${width}" height="${height + bottom}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12" fill="currentColor">\n${title}\n${plotMark}\n${inks}\n<rect id="ground" width="100%" height="100%" fill="#fff"/>\n${parts.filter((part) => part !== '').join('\n')}\n</svg>\n`;
}
