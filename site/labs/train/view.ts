/** @file Draws the runs of the lab of training: loss curves, and a panel of numbers and text for each. */
import { escaped } from '../../html.ts';
import { modelTitles, placeTitles, type Side, sides, usual } from './controls.ts';

/** A run as the page shows it: numbers that are kept when the page sleeps. */
export interface Progress {
  /** The name of the model's preset. */
  readonly preset: string;
  readonly parameters: number;
  readonly width: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** The loss of a model that knows the frequencies of characters alone; 0 if the run has not begun. */
  readonly entropy: number;
  readonly command: string;
  /** The backend, its adapter or threads, and why faster ones were passed over. */
  readonly backend: string;
  readonly device: string;
  readonly passedOver: readonly string[];
  /** The loss of step i + 1, before its update. */
  readonly losses: readonly number[];
  /** Losses on validation text, by step. */
  readonly validations: readonly (readonly [step: number, loss: number])[];
  /** Tokens a second over the last steps. */
  readonly speed: number;
  /** What the model wrote, and after which step. */
  readonly sample: string;
  readonly sampledAt: number;
}

export const noProgress: Progress = {
  preset: '',
  parameters: 0,
  width: 0,
  length: 0,
  entropy: 0,
  command: '',
  backend: '',
  device: '',
  passedOver: [],
  losses: [],
  validations: [],
  speed: 0,
  sample: '',
  sampledAt: 0,
};

/** The progress of a run that goes on from a step: later losses are left out, as they come again. */
export const upTo = (progress: Progress, step: number): Progress => ({
  ...progress,
  losses: progress.losses.slice(0, step),
  validations: progress.validations.filter(([at]) => at <= step),
});

const [width, height] = [640, 284];
const margin = { left: 38, right: 8, top: 32, bottom: 30 };

/** A mean of neighbouring losses: single batches are noisy. The first and the last are as they are. */
export function smoothed(losses: readonly number[]): number[] {
  const reach = Math.min(8, Math.floor(losses.length / 16));
  return losses.map((_, i) => {
    const near = Math.min(reach, i, losses.length - 1 - i);
    const some = losses.slice(i - near, i + near + 1);
    return some.reduce((sum, x) => sum + x, 0) / some.length;
  });
}

/** Loss curves of both runs over all steps: lines of training, dots of validation, and a dashed line that frequencies of characters reach. */
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
  const entropy = Math.max(...sides.map((side) => runs[side].entropy));
  const reached =
    entropy === 0
      ? ''
      : `<g class="reached"><line x1="${margin.left}" x2="${width - margin.right}" y1="${y(entropy)}" y2="${y(entropy)}"/><text x="${width - margin.right}" y="${(y(entropy) - 6).toFixed(1)}" text-anchor="end">letter frequencies alone: ${entropy.toFixed(2)}</text></g>`;
  const last = sides.map((side) => `${side} ${lossText(runs[side].losses.at(-1))}`).join(', ');
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Loss by step: ${last}"><g class="grid"><text x="${margin.left - 20}" y="16">loss, nats a token</text>${grid.join('')}${times.join('')}</g>${reached}${lines.join('')}</svg>`;
}

const lossText = (loss: number | undefined): string => (loss === undefined ? '–' : loss.toFixed(4));

/** Where a run computes, in words: "WebAssembly, 2 threads". */
const placeText = ({ backend, device }: Progress): string =>
  escaped([placeTitles[backend] ?? backend, device].filter((part) => part !== '').join(', '));

/** Why a run is not on a faster backend, in words; empty if it is on the fastest. */
export function whyText({ backend, passedOver }: Progress): string {
  if (passedOver.length === 0) return '';
  const reasons = passedOver.map((why) => (why === 'webgpu: no adapter answers' ? 'no graphics card was found' : why));
  return `${placeTitles[backend] ?? backend}, as ${reasons.join('; ')}.`;
}

/** What stands above the text of a model. */
export const sampleText = ({ sample, sampledAt }: Progress): string =>
  sample === ''
    ? `What it writes, every ${usual.every} steps`
    : `Written after step ${sampledAt}, from a new line, at temperature ${usual.temperature}`;

/** The numbers of a run, in a list. A run that `isCompiling` has not finished its first step, for which the program is compiled. */
export function panelNumbers(progress: Progress, isCompiling: boolean): string {
  const { preset, parameters, width: h, length, backend, losses, validations, speed } = progress;
  const rows = [
    ['parameters', preset === '' ? '–' : `${parameters.toLocaleString('en')}, width ${h}`],
    ['batch', length === 0 ? '–' : `${usual.batch} × ${length} tokens`],
    ['runs on', isCompiling ? 'compiling …' : backend === '' ? '–' : placeText(progress)],
    ['step', `${losses.length}`],
    ['loss', lossText(losses.at(-1))],
    ['validation', lossText(validations.at(-1)?.[1])],
    ['tokens a second', speed === 0 ? '–' : speed.toLocaleString('en', { maximumSignificantDigits: 3 })],
  ];
  return rows.map(([name, x]) => `<dt>${name}</dt><dd>${x}</dd>`).join('');
}

/** What a page does: nothing yet, it trains, or it shows runs of settings that have been changed since. */
export type Doing = 'waits' | 'trains' | 'shows the runs before';

/** What the two runs come to, in a sentence. */
export function comparison(runs: Readonly<Record<Side, Progress>>, steps: number, doing: Doing): string {
  const [left, right] = sides.map((side) => runs[side]) as [Progress, Progress];
  const title = ({ preset }: Progress): string => modelTitles[preset] ?? preset;
  if (doing === 'shows the runs before')
    return `A setting has changed. The runs below, of ${title(left)} and ${title(right)}, are those before; Start begins new ones in their place.`;
  const lossAt = (one: Progress, step: number): number | undefined => one.validations.find(([at]) => at === step)?.[1];
  const common = left.validations.map(([step]) => step).filter((step) => lossAt(right, step) !== undefined);
  const step = common.at(-1) ?? 0;
  if (step === 0)
    return doing === 'trains'
      ? 'Compiling, then training …'
      : 'Press Start: both models train on the same batches of the built-in stories.';
  const [a, b] = [lossAt(left, step)!, lossAt(right, step)!];
  const better = a < b ? 'left is ahead' : a > b ? 'right is ahead' : 'both are even';
  return `After step ${step} of ${steps}: validation loss <strong>${a.toFixed(4)}</strong> of ${title(left)} on the left, <strong>${b.toFixed(4)}</strong> of ${title(right)} on the right. By ${Math.abs(a - b).toFixed(4)} nats a token ${better}; one seed shows no more than that.`;
}

/** The figure as the page opens: buttons and curves, and a panel for each run. */
export const panels = (): string =>
  `<div class="training"><div><div class="runs-bar"><button type="button" class="start">Start</button><button type="button" class="again" disabled>Begin again</button><label class="file" title="A safetensors file that this page wrote: shows what its model writes">Open weights <input type="file" accept=".safetensors"></label></div><div class="runs-map"></div><p class="note" role="status"></p><div class="opened"></div></div>
<div class="runs">${sides
    .map(
      (side) =>
        `<section class="${side}"><h2></h2><dl class="numbers"></dl><p class="quiet why"></p><figure><figcaption class="quiet"></figcaption><blockquote></blockquote></figure><button type="button" class="download" title="A safetensors file of the parameters in float32, with the model and the characters in its metadata" disabled>Download weights</button><p class="made quiet"></p></section>`,
    )
    .join('')}</div></div>`;
