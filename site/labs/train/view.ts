/** @file Draws the runs of the lab of training: loss curves, and a panel of numbers and text for each. */
import { escaped } from '../../html.ts';
import { modelTitles, type Side, sides } from './controls.ts';

/** A run as the page shows it: numbers that are kept when the page sleeps. */
export interface Progress {
  /** The name of the model's preset. */
  readonly preset: string;
  readonly parameters: number;
  readonly width: number;
  readonly command: string;
  readonly where: string;
  readonly why: string;
  /** The loss of step i + 1, before its update. */
  readonly losses: readonly number[];
  /** Losses on validation text, by step. */
  readonly validations: readonly (readonly [step: number, loss: number])[];
  /** Tokens a second over the last steps. */
  readonly speed: number;
  readonly sample: string;
}

export const noProgress: Progress = {
  preset: '',
  parameters: 0,
  width: 0,
  command: '',
  where: '',
  why: '',
  losses: [],
  validations: [],
  speed: 0,
  sample: '',
};

/** The progress of a run that goes on from a step: later losses are left out, as they come again. */
export const upTo = (progress: Progress, step: number): Progress => ({
  ...progress,
  losses: progress.losses.slice(0, step),
  validations: progress.validations.filter(([at]) => at <= step),
});

const [width, height] = [640, 260];
const margin = { left: 38, right: 8, top: 8, bottom: 30 };

/** A mean of neighbouring losses: single batches are noisy. The first and the last are as they are. */
export function smoothed(losses: readonly number[]): number[] {
  const reach = Math.min(8, Math.floor(losses.length / 16));
  return losses.map((_, i) => {
    const near = Math.min(reach, i, losses.length - 1 - i);
    const some = losses.slice(i - near, i + near + 1);
    return some.reduce((sum, x) => sum + x, 0) / some.length;
  });
}

/** Loss curves of both runs over all steps: lines of training, dots of validation. */
export function curves(runs: Readonly<Record<Side, Progress>>, steps: number): string {
  const all = sides.flatMap((side) => [...runs[side].losses, ...runs[side].validations.map(([, loss]) => loss)]);
  const most = Math.ceil(Math.max(4, ...all.filter(Number.isFinite)));
  const x = (step: number): number => margin.left + (step / steps) * (width - margin.left - margin.right);
  const y = (loss: number): number =>
    margin.top + (1 - Math.min(loss, most) / most) * (height - margin.top - margin.bottom);
  const at = (step: number, loss: number): string => `${x(step).toFixed(1)} ${y(loss).toFixed(1)}`;
  const grid = Array.from({ length: most + 1 }, (_, loss) => {
    const line = `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(loss)}" y2="${y(loss)}"/>`;
    return `${line}<text x="${margin.left - 8}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`;
  });
  const times = [0, 0.5, 1].map((part) => {
    const anchor = ['start', 'middle', 'end'][2 * part];
    return `<text x="${x(part * steps)}" y="${height - 6}" text-anchor="${anchor}">${part * steps}${part === 1 ? ' steps' : ''}</text>`;
  });
  const lines = sides.map((side) => {
    const { losses, validations } = runs[side];
    const path = smoothed(losses).map((loss, i) => `${i === 0 ? 'M' : 'L'}${at(i + 1, loss)}`);
    const dots = validations.map(
      ([step, loss]) => `<circle cx="${x(step).toFixed(1)}" cy="${y(loss).toFixed(1)}" r="3"/>`,
    );
    return `<g class="${side}"><path d="${path.join('')}"/>${dots.join('')}</g>`;
  });
  const last = sides.map((side) => `${side} ${lossText(runs[side].losses.at(-1))}`).join(', ');
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Loss by step: ${last}"><g class="grid">${grid.join('')}${times.join('')}</g>${lines.join('')}</svg>`;
}

const lossText = (loss: number | undefined): string => (loss === undefined ? '–' : loss.toFixed(4));

/** The numbers of a run, in a list. A run that `isCompiling` has not finished its first step, for which the program is compiled. */
export function panelNumbers(
  { preset, parameters, width: h, where, losses, validations, speed }: Progress,
  isCompiling: boolean,
): string {
  const rows = [
    ['parameters', preset === '' ? '–' : `${parameters.toLocaleString('en')}, width ${h}`],
    ['runs on', isCompiling ? 'compiling …' : where === '' ? '–' : escaped(where)],
    ['step', `${losses.length}`],
    ['loss', lossText(losses.at(-1))],
    ['validation', lossText(validations.at(-1)?.[1])],
    ['tokens a second', speed === 0 ? '–' : speed.toLocaleString('en', { maximumSignificantDigits: 3 })],
  ];
  return rows.map(([name, x]) => `<dt>${name}</dt><dd>${x}</dd>`).join('');
}

/** What the two runs come to, in a sentence. */
export function comparison(runs: Readonly<Record<Side, Progress>>, steps: number): string {
  const [left, right] = sides.map((side) => runs[side]) as [Progress, Progress];
  const title = ({ preset }: Progress): string => modelTitles[preset] ?? preset;
  const lossAt = (one: Progress, step: number): number | undefined => one.validations.find(([at]) => at === step)?.[1];
  const common = left.validations.map(([step]) => step).filter((step) => lossAt(right, step) !== undefined);
  const step = common.at(-1);
  if (step === undefined) return 'Press Start: both models train on the same batches of the built-in stories.';
  const [a, b] = [lossAt(left, step)!, lossAt(right, step)!];
  const better = a < b ? 'left is ahead' : a > b ? 'right is ahead' : 'both are even';
  return `After step ${step} of ${steps}: validation loss <strong>${a.toFixed(4)}</strong> of ${title(left)} on the left, <strong>${b.toFixed(4)}</strong> of ${title(right)} on the right. By ${Math.abs(a - b).toFixed(4)} nats a token ${better}; one seed shows no more than that.`;
}

/** The figure as the page opens: curves and buttons, and a panel for each run. */
export const panels = (): string =>
  `<div class="training"><div><div class="runs-map"></div><div class="runs-bar"><button type="button" class="start">Start</button><button type="button" class="again" disabled>Begin again</button><label class="file">Open weights <input type="file" accept=".safetensors"></label></div><p class="note" role="status"></p><div class="opened"></div></div>
<div class="runs">${sides
    .map(
      (side) =>
        `<section class="${side}"><h2></h2><dl class="numbers"></dl><p class="quiet why"></p><blockquote aria-label="What it writes"></blockquote><button type="button" class="download" disabled>Download weights</button><p class="made quiet"></p></section>`,
    )
    .join('')}</div></div>`;
