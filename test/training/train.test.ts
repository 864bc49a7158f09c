/** @file Whole runs: events, resuming bit for bit, and what stops a run. */
import { describe, expect, it } from 'vitest';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64, indices } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { type DenseRetNetParams, denseRetNet } from '../../src/models/dense-retnet.ts';
import { denseRetNetConfig } from '../../src/models/dense-retnet-config.ts';
import { crossEntropy, nextTokenTargets, predictingRows } from '../../src/nn/cross-entropy.ts';
import { item } from '../../src/tensor/input.ts';
import {
  characterVocabulary,
  cosineDecay,
  eager,
  encode,
  ignoredLabel,
  type RunState,
  type RunsOn,
  randomWindows,
  type StepEvent,
  splitTokens,
  startOfRun,
  type TrainEvent,
  type TrainOptions,
  train,
  unflatten,
  vocabularySize,
  windowsInOrder,
} from '../../src/training/index.ts';

const text = 'a rose is a rose is a rose; '.repeat(20);
const vocabulary = characterVocabulary(text);
const tokens = splitTokens(encode(vocabulary, text), 0.2);
const data = { train: randomWindows(tokens.train, 5), validation: windowsInOrder(tokens.validation) };
const config = denseRetNetConfig({
  vocabulary: vocabularySize(vocabulary),
  width: 8,
  heads: 2,
  layers: 2,
  denseLayers: 1,
});
const settings = {
  model: denseRetNet,
  config,
  batch: 2,
  length: 8,
  accumulate: 2,
  steps: 8,
  schedule: cosineDecay({ peak: 3e-2, warmup: 2, total: 8 }),
  validateEvery: 4,
  validationBatches: 3,
  checkpointEvery: 2,
};
const wasm: RunsOn = (equation, inputs, options) => compile(equation, inputs, { ...options, backend: 'wasm' });

/** The events of a run, until one that ends it. */
async function eventsOf(
  options: TrainOptions,
  own: Partial<typeof settings> & { stepsPerCall?: number; seed?: number; dropout?: number } = {},
  isLast = (_: TrainEvent): boolean => false,
): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train({ ...settings, ...own }, data, options)) {
    events.push(event);
    if (isLast(event)) break;
  }
  return events;
}
const statesOf = (events: readonly TrainEvent[]): RunState[] =>
  events.flatMap((event) => (event.kind === 'checkpoint' ? [event.state] : []));
/** Losses, norms and rates of the steps after step `first`. */
const stepsOf = (events: readonly TrainEvent[], first = 0) =>
  events
    .filter((event): event is StepEvent => event.kind === 'step' && event.step > first)
    .map(({ seconds, ...rest }) => rest);

describe('train', () => {
  it('reports steps, validations and checkpoints in order, as plain data', async () => {
    const events = await eventsOf({ on: eager(f64) });
    expect(structuredClone(events)).toEqual(events);
    expect(events.map(({ kind, step }) => `${kind} ${step}`)).toEqual(
      [
        [
          'begin 0',
          'validation 0',
          'step 1',
          'step 2',
          'checkpoint 2',
          'step 3',
          'step 4',
          'validation 4',
          'checkpoint 4',
        ],
        ['step 5', 'step 6', 'checkpoint 6', 'step 7', 'step 8', 'validation 8', 'checkpoint 8'],
      ].flat(),
    );
    const steps = stepsOf(events);
    expect(steps.map(({ tokens }) => tokens)).toEqual(new Array(8).fill(32));
    expect(steps.map(({ rate }) => rate)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(settings.schedule));
    expect(steps.at(-1)!.loss).toBeLessThan(0.9 * steps[0]!.loss);
    const losses = events.flatMap((event) => (event.kind === 'validation' ? [event.loss] : []));
    expect(losses[2]!).toBeLessThan(0.9 * losses[0]!);
    expect(statesOf(events).at(-1)!.tokens).toBe(8 * 32);
  });

  it('validates on each token of the validation data once', async () => {
    const events = await eventsOf({ on: eager(f64) }, { validationBatches: 100 }, ({ kind }) => kind === 'validation');
    const found = events.at(-1)! as TrainEvent & { kind: 'validation' };
    const { length } = settings;
    const windows = Math.floor((tokens.validation.length - 1) / length);
    expect(found.tokens).toBe(windows * length);
    const params = unflatten<DenseRetNetParams>(startOfRun(settings).params, denseRetNet.shapes(config));
    const losses = Array.from({ length: windows }, (_, w) => {
      const labels = [[...tokens.validation.subarray(w * length, (w + 1) * length + 1)]];
      const state = denseRetNet.start(params, config, 1);
      const { logits } = denseRetNet.forward(params, config, indices(labels), state, { name: 'parallel' });
      return item(crossEntropy(predictingRows(logits), nextTokenTargets(f64, labels)));
    });
    expect(found.loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / windows, 12);
  });

  it.each<[string, RunsOn, { stepsPerCall: number; accumulate: number; dropout?: number }, number[]]>([
    ['f64', eager(f64), { stepsPerCall: 1, accumulate: 2 }, [2, 6]],
    ['f32, two steps a call', eager(f32), { stepsPerCall: 2, accumulate: 2 }, [6]],
    ['wasm, two steps a call', wasm, { stepsPerCall: 2, accumulate: 1 }, [4]],
    ['wasm, with dropout', wasm, { stepsPerCall: 1, accumulate: 1, dropout: 0.3 }, [4]],
  ])('continues from a checkpoint bit for bit on %s', async (_, on, own, stops) => {
    const whole = await eventsOf({ on }, own);
    for (const stop of stops) {
      const isStop = ({ kind, step }: TrainEvent): boolean => kind === 'checkpoint' && step === stop;
      const [state] = statesOf(await eventsOf({ on }, own, isStop)).slice(-1);
      const rest = await eventsOf({ on, state: structuredClone(state!) }, own);
      expect(rest[0]).toMatchObject({ kind: 'begin', step: stop });
      expect(stepsOf(rest)).toEqual(stepsOf(whole, stop));
      expect(statesOf(rest).at(-1)).toEqual(statesOf(whole).at(-1));
    }
  });

  it('ends with a checkpoint once its signal is aborted, and continues from there', async () => {
    const on = eager(f64);
    const abort = new AbortController();
    const isLast = ({ kind, step }: TrainEvent): boolean => {
      if (kind === 'step' && step === 3) abort.abort();
      return false;
    };
    const events = await eventsOf({ on, signal: abort.signal }, {}, isLast);
    expect(events.slice(-2).map(({ kind, step }) => `${kind} ${step}`)).toEqual(['step 3', 'checkpoint 3']);
    const rest = await eventsOf({ on, state: statesOf(events).at(-1)! });
    expect(stepsOf(rest)).toEqual(stepsOf(await eventsOf({ on }), 3));
    const none = await eventsOf({ on, signal: abort.signal });
    expect(none.map(({ kind }) => kind)).toEqual(['begin', 'validation']);
  });

  it('ends elsewhere from another state', async () => {
    const whole = statesOf(await eventsOf({ on: eager(f64) }));
    const state = { ...whole[0]!, second: whole[0]!.second.map((x) => 2 * x) };
    expect(statesOf(await eventsOf({ on: eager(f64), state })).at(-1)).not.toEqual(whole.at(-1));
  });

  it.each([0, 0.3])('runs on one backend as on another, within rounding, with dropout %d', async (dropout) => {
    const runs = [await eventsOf({ on: eager(f64) }, { dropout }), await eventsOf({ on: wasm }, { dropout })];
    const [exact, single] = runs.map((x) => stepsOf(x));
    exact!.forEach(({ loss, norm }, i) => {
      expect(Math.abs(single![i]!.loss / loss - 1)).toBeLessThan(1e-4);
      expect(Math.abs(single![i]!.norm / norm - 1)).toBeLessThan(1e-3);
    });
  });

  it('drops in its steps alone, others in each, the same however many are in a call', async () => {
    const on = eager(f64);
    const own = { steps: 4, dropout: 0.3 };
    const events = await eventsOf({ on }, own);
    expect(stepsOf(events)).toEqual(stepsOf(await eventsOf({ on }, { ...own, stepsPerCall: 2 })));
    const without = await eventsOf({ on }, { steps: 4 });
    expect(stepsOf(await eventsOf({ on }, { steps: 4, dropout: 0 }))).toEqual(stepsOf(without));
    const [validation, first] = [events, without].map((all) =>
      all.slice(1, 3).map((event) => 'loss' in event && event.loss),
    );
    expect(validation![0]).toBe(first![0]); // validation drops nothing
    expect(validation![1]).not.toBe(first![1]);
    // without a rate the steps would repeat one another on one batch, if they dropped the same
    const one = { train: () => data.train(0, 2, 8) };
    const losses: number[] = [];
    for await (const event of train({ ...settings, ...own, schedule: () => 0 }, one, { on }))
      if (event.kind === 'step') losses.push(event.loss);
    expect(new Set(losses).size).toBe(4);
  });

  it.each<[string, RunsOn, number]>([
    ['f32', eager(f32), 0],
    ['f32', eager(f32), 0.2],
    ['wasm', wasm, 0],
  ])(
    'stops at a loss that is not finite, with the last good state and the place, on %s, with dropout %d',
    async (_, on, dropout) => {
      const events: TrainEvent[] = [];
      const isWild = (step: number): boolean => step > 3;
      const schedule = (step: number): number => (isWild(step) ? 1e37 : 1e-2);
      const run = async (): Promise<void> => {
        for await (const event of train({ ...settings, schedule, steps: 12, dropout }, data, { on }))
          events.push(event);
      };
      await expect(run()).rejects.toThrow(
        /^train: step 5: the .* the first place is .* Continue from an earlier state/,
      );
      const last = events.at(-1)!;
      if (last.kind !== 'notFinite') throw new Error(last.kind);
      expect(last).toMatchObject({ step: 5, state: { step: 4, tokens: 4 * 32 } });
      expect(last.place).toMatchObject({ batch: 0 });
      expect([...last.state.params].every(Number.isFinite)).toBe(true);
      expect(last.state.params).toEqual(statesOf(events).at(-1)!.params);
    },
  );

  it('trains on labels that are ignored, and refuses a step without others', async () => {
    const some = {
      train: (batch: number, rows: number, length: number) => {
        const { tokens: own, labels } = data.train(batch, rows, length);
        return { tokens: own, labels: labels.map((label, i) => (i % 4 === 3 && batch < 4 ? label : ignoredLabel)) };
      },
    };
    const found: TrainEvent[] = [];
    const run = async (): Promise<void> => {
      for await (const event of train(settings, some, { on: eager(f64) })) found.push(event);
    };
    await expect(run()).rejects.toThrow('the weights of step 0 of the call sum to 0');
    expect(stepsOf(found).map((event) => event.tokens)).toEqual([8, 8]);
  });

  it('refuses settings and states that do not fit', async () => {
    const refusal = (own: Parameters<typeof eventsOf>[1], state?: RunState) =>
      expect(eventsOf({ on: eager(f64), ...(state && { state }) }, own)).rejects;
    await refusal({ steps: 0 }).toThrow('train: steps is 0; it is an integer ≥ 1');
    await refusal({ stepsPerCall: 3 }).toThrow('train: steps is 8, no multiple of stepsPerCall, 3; change one of them');
    await refusal({ checkpointEvery: 1, stepsPerCall: 2 }).toThrow('train: checkpointEvery is 1, no multiple');
    await refusal({ length: 1000 }).toThrow('448 tokens hold no window of 1000 and the token after it');
    await refusal({ seed: 0.5 }).toThrow('the seed is 0.5');
    await refusal({ dropout: 1 }).toThrow('train: dropout is 1; it is at least 0, below 1');
    const state = startOfRun(settings);
    await refusal({}, { ...state, step: 9 }).toThrow(
      'train: the state is after step 9 of 8; give a greater number of steps',
    );
    const other = 'is the state of another configuration';
    await refusal({}, { ...state, first: new Float64Array(3) }).toThrow(other);
  });
});
