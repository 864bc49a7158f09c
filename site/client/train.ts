/** @file Runs the lab of training: a worker for each model, curves as events come, states that are kept while the page sleeps. */
import type { RunState } from '../../src/training/index.ts';
import { queryOf, stateFrom } from '../labs/shared/controls.ts';
import { modelTitles, type Side, sides, trainControls } from '../labs/train/controls.ts';
import {
  comparison,
  curves,
  noProgress,
  type Progress,
  panelNumbers,
  panels,
  sampleText,
  upTo,
  whyText,
} from '../labs/train/view.ts';
import { fillControls, followLinks, offerLink, queryIn } from './controls.ts';
import { forgetOthers, keepRun, keptRun } from './kept-runs.ts';
import type { TrainNews, TrainOrder } from './train-worker.ts';

const root = document.querySelector<HTMLElement>('.lab')!;
const form = root.querySelector('form')!;
const says = root.querySelector('.says')!;
const figure = root.querySelector<HTMLElement>('.figure')!;
figure.innerHTML = panels();
const part = <E extends Element = HTMLElement>(selector: string): E => figure.querySelector<E>(selector)!;
const [start, again, note] = [part<HTMLButtonElement>('.start'), part<HTMLButtonElement>('.again'), part('.note')];

/** A side of the page. */
interface Run {
  progress: Progress;
  /** The latest state, to continue from. */
  state: RunState | undefined;
  /** The worker that trains; one that stops is replaced only when its last state has come. */
  worker: Worker | undefined;
  isRunning: boolean;
  /** Steps and tokens that were timed, for the speed. */
  timed: { tokens: number; seconds: number }[];
}

const fresh = (): Run => ({ progress: noProgress, state: undefined, worker: undefined, isRunning: false, timed: [] });
let runs: Record<Side, Run> = { left: fresh(), right: fresh() };
/** Runs that are shown until others begin: those of the settings before the last change. */
let before: (Readonly<Record<Side, Progress>> & { readonly steps: number }) | undefined;
/** The steps of the runs that are shown. */
let stepsShown = 0;

const stateNow = () => stateFrom(trainControls, location.search);
/** The name of a side's run: all settings that it depends on. */
const nameOf = (side: Side): string => {
  const { left, right, ...rest } = stateNow();
  return queryOf({ ...trainControls }, { ...rest, left: side === 'left' ? left : right, right: side });
};
const isRunning = (): boolean => sides.some((side) => runs[side].isRunning);
const isDone = (side: Side): boolean => (runs[side].state?.step ?? 0) >= stateNow().steps;

/** Draws in the next frame: two workers post more events than a screen shows. */
let waits = false;
function drawSoon(): void {
  if (waits) return;
  waits = true;
  // a hidden page has no frames
  const soon = document.hidden ? (f: () => void) => setTimeout(f, 100) : requestAnimationFrame;
  soon(() => {
    waits = false;
    draw();
  });
}

const hasBegun = (): boolean => sides.some((side) => runs[side].progress.losses.length > 0);

function draw(): void {
  const { steps, ...state } = stateNow();
  const shown = before ?? { left: runs.left.progress, right: runs.right.progress, steps };
  stepsShown = shown.steps;
  part('.runs-map').innerHTML = curves(shown, shown.steps);
  says.innerHTML = comparison(
    shown,
    shown.steps,
    before !== undefined ? 'shows the runs before' : isRunning() ? 'trains' : 'waits',
  );
  figure.toggleAttribute('data-before', before !== undefined);
  for (const side of sides) {
    const { state: kept, isRunning: isOn, timed } = runs[side];
    const own = shown[side];
    const panel = part(`section.${side}`);
    panel.querySelector('h2')!.textContent = modelTitles[before === undefined ? state[side] : own.preset]!;
    panel.querySelector('.numbers')!.innerHTML = panelNumbers(own, isOn && timed.length === 0);
    panel.querySelector('.why')!.textContent = whyText(own);
    panel.querySelector('figcaption')!.textContent = sampleText(own);
    panel.querySelector('blockquote')!.textContent = own.sample;
    panel.querySelector('.made')!.innerHTML = own.command === '' ? '' : 'The same run in a terminal: <code></code>';
    const code = panel.querySelector('code');
    // an option stays on a line with its value
    for (const [i, option] of own.command.split(/ (?=--)/).entries()) {
      const text = document.createElement('span');
      text.textContent = option;
      code?.append(i === 0 ? '' : ' ', text);
    }
    panel.querySelector<HTMLButtonElement>('.download')!.disabled = kept === undefined;
  }
  const isAllDone = sides.every(isDone);
  start.textContent = isRunning() ? 'Pause' : isAllDone ? 'Done' : hasBegun() ? 'Continue' : 'Start';
  start.disabled = !isRunning() && isAllDone;
  again.disabled = !hasBegun();
  root.dataset.steps = sides.map((side) => runs[side].progress.losses.length).join(' ');
  root.dataset.run = isRunning() ? 'running' : isAllDone ? 'done' : hasBegun() ? 'paused' : '';
}

const post = (worker: Worker, order: TrainOrder): void => worker.postMessage(order);

const newWorker = (onNews: (news: TrainNews) => void): Worker => {
  const worker = new Worker(new URL('./train-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: { readonly data: TrainNews }) => onNews(data);
  return worker;
};

function keep(side: Side): void {
  const { progress, state } = runs[side];
  if (state !== undefined) void keepRun(nameOf(side), { progress: upTo(progress, state.step), state });
}

/** Writes the backend that both runs took into the address, where it says the fastest: another machine has another. */
function settlePlace(): void {
  const [backend, ...others] = new Set(sides.map((side) => runs[side].progress.backend));
  if (others.length > 0 || stateNow().on !== 'auto' || !Object.hasOwn(trainControls.on.options, backend!)) return;
  history.replaceState(null, '', queryOf(trainControls, { ...stateNow(), on: backend! }));
  fillControls(form, trainControls, stateNow());
}

/** Takes what a side's worker posts. */
function take(side: Side, news: TrainNews): void {
  const run = runs[side];
  const more = (change: Partial<Progress>): void => {
    run.progress = { ...run.progress, ...change };
  };
  if (news.kind === 'begin') {
    const { kind: _, step, model, ...rest } = news;
    more({ ...upTo(run.progress, step), ...model, ...rest, length: Number(stateNow().length) });
    settlePlace();
  }
  if (news.kind === 'step') {
    run.timed = [...run.timed.slice(-19), news];
    const sum = (key: 'tokens' | 'seconds'): number => run.timed.reduce((all, one) => all + one[key], 0);
    more({ losses: [...run.progress.losses, news.loss], speed: sum('tokens') / sum('seconds') });
  }
  if (news.kind === 'validation') more({ validations: [...run.progress.validations, [news.step, news.loss]] });
  if (news.kind === 'sample') more({ sample: news.text, sampledAt: news.step });
  if (news.kind === 'checkpoint') run.state = news.state;
  if (news.kind === 'checkpoint' || news.kind === 'sample') keep(side);
  if (news.kind === 'end' || news.kind === 'failed') {
    run.isRunning = false;
    run.worker?.terminate();
    run.worker = undefined;
    if (news.kind === 'failed') note.textContent = news.message;
  }
  drawSoon();
}

function go(): void {
  note.textContent = '';
  before = undefined;
  // the link of a run has its settings, those too that were never changed
  history.replaceState(null, '', queryIn(form, trainControls));
  void forgetOthers(sides.map(nameOf));
  for (const side of sides) {
    const run = runs[side];
    if (run.isRunning || isDone(side)) continue;
    Object.assign(run, { isRunning: true, timed: [] });
    run.worker = newWorker((news) => {
      // a run that was begun anew has another worker
      if (runs[side] === run) take(side, news);
    });
    post(run.worker, { kind: 'train', state: stateNow(), side, ...(run.state && { from: run.state }) });
  }
  draw();
}

function pause(): void {
  for (const side of sides) if (runs[side].worker !== undefined) post(runs[side].worker!, { kind: 'stop' });
}

function drop(): void {
  for (const side of sides) runs[side].worker?.terminate();
  runs = { left: fresh(), right: fresh() };
}

/** Shows the runs of the address: those that are kept, else those that were shown, until others begin. */
async function show(): Promise<void> {
  const last = before ?? { left: runs.left.progress, right: runs.right.progress, steps: stepsShown };
  before = sides.some((side) => last[side].losses.length > 0) ? last : undefined;
  drop();
  fillControls(form, trainControls, stateNow());
  draw();
  const shown = runs;
  const kept = await Promise.all(sides.map((side) => keptRun(nameOf(side))));
  if (runs !== shown) return;
  for (const [i, side] of sides.entries()) {
    const { state, progress } = kept[i] ?? {};
    // a run that an older page kept may lack a part
    Object.assign(runs[side], { state, progress: { ...noProgress, ...progress } });
  }
  if (hasBegun()) before = undefined;
  draw();
}

start.addEventListener('click', () => (isRunning() ? pause() : go()));
again.addEventListener('click', () => {
  drop();
  go();
});

/** Whether the runs wait for the page to be seen again. */
let sleeps = false;
document.addEventListener('visibilitychange', () => {
  if (document.hidden && isRunning()) {
    sleeps = true;
    pause();
  } else if (!document.hidden && sleeps) {
    sleeps = false;
    // a worker that has not stopped yet goes on by itself
    const wait = setInterval(() => {
      if (isRunning()) return;
      clearInterval(wait);
      go();
    }, 50);
  }
});

for (const side of sides)
  part(`section.${side} .download`).addEventListener('click', () => {
    const from = runs[side].state;
    if (from === undefined) return;
    const worker = newWorker((news) => {
      if (news.kind !== 'file') return;
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([news.bytes as Uint8Array<ArrayBuffer>]));
      link.download = news.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      worker.terminate();
    });
    post(worker, { kind: 'weights', state: stateNow(), side, from });
  });

part<HTMLInputElement>('.file input').addEventListener('change', async ({ target }) => {
  const [file] = (target as HTMLInputElement).files ?? [];
  if (file === undefined) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const worker = newWorker((news) => {
    worker.terminate();
    if (news.kind === 'failed') note.textContent = news.message;
    if (news.kind !== 'opened') return;
    note.textContent = '';
    const { model, step, text } = news;
    part('.opened').innerHTML = '<h2></h2><blockquote></blockquote>';
    part('.opened h2').textContent =
      `${file.name}: ${modelTitles[model.preset]}, ${model.parameters.toLocaleString('en')} parameters after step ${step}, writes`;
    part('.opened blockquote').textContent = text;
  });
  post(worker, { kind: 'open', bytes, name: file.name });
});

form.addEventListener('input', () => {
  history.replaceState(null, '', queryIn(form, trainControls));
  void show();
});
form.addEventListener('submit', (event) => event.preventDefault());
followLinks(root, () => void show());
offerLink(root, () => queryIn(form, trainControls));
form.querySelector('fieldset')!.disabled = false;
await show();
form.dataset.live = '';
