/** @file Trains a language model: settings and data in, events out. A run continues from a state. */
import type { Ran } from '../executors/gpu/index.ts';
import { fail } from '../tensor/errors.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Source, TrainingData } from './data.ts';
import { withDrops } from './dropout.ts';
import { describeNotFinite, firstNotFinite, type NotFinite } from './not-finite.ts';
import { type Numbers, type Running, type RunsOn, started } from './program.ts';
import { checkRun, type RunSettings, type RunState, startOfRun, trainingOf } from './run-settings.ts';
import { factorsOf, type Training, trainingSteps } from './steps.ts';
import { inputsOf, startValidation, type Validation, validate } from './validation.ts';

/** The run begins, or continues after step `step`: its parameters, and the device of its program (null if it runs eagerly). */
export interface BeginEvent {
  readonly kind: 'begin';
  readonly step: number;
  readonly parameters: number;
  readonly ran: Ran | null;
}

/** A step has been taken: its loss before the update (with dropout, where there is), its labels that counted, and the gradient's norm before clipping. */
export interface StepEvent {
  readonly kind: 'step';
  readonly step: number;
  readonly loss: number;
  readonly tokens: number;
  readonly rate: number;
  readonly norm: number;
  readonly seconds: number;
}

/** The loss on the validation batches after a step, and the accuracy where `accuracy` is set. */
export interface ValidationEvent extends Validation {
  readonly kind: 'validation';
  readonly step: number;
  readonly seconds: number;
}

/** A checkpoint is due: the state to write. The last one is at the end of the run. */
export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly step: number;
  readonly state: RunState;
}

/**
 * The loss or the gradient's norm of a step is not finite. `state` is that before the step, which changed nothing; `place` is where it is
 * first not finite, or null if all is finite when it is computed again. The run throws after this event.
 */
export interface NotFiniteEvent {
  readonly kind: 'notFinite';
  readonly step: number;
  readonly loss: number;
  readonly norm: number;
  readonly place: NotFinite | null;
  readonly state: RunState;
}

/** What a run reports, in order. Events are plain data, which a worker can post. */
export type TrainEvent = BeginEvent | StepEvent | ValidationEvent | CheckpointEvent | NotFiniteEvent;

/** Options of {@link train}. */
export interface TrainOptions {
  /** Where it runs: `compile` of `densessm/gpu`, a function around it, or `eager(f64)`. */
  readonly on: RunsOn;
  /** The state to continue from; the start unless given. */
  readonly state?: RunState;
  /** Ends the run early: once it is aborted, the call at work ends, a checkpoint event follows, and the run is over. An AbortSignal is one. */
  readonly signal?: { readonly aborted: boolean };
}

/** A part of the run: what the functions below share. */
interface Run<P extends Tree> {
  readonly training: Training<P>;
  readonly schedule: (step: number) => number;
  readonly source: Source;
  readonly batch: number;
  readonly length: number;
  readonly program: Running;
}

/**
 * Trains a model, and reports each step. `on` is `compile` of `densessm/gpu`, or `eager(f64)`. With validation data there is a
 * validation before the first step, after every `validateEvery` steps and at the end. A checkpoint event comes every `checkpointEvery` steps and at the end. A run that is continued
 * from the state of a checkpoint, on the same device, takes the same steps as one that never stopped, bit for bit. To stop,
 * abort the `signal`, or leave the loop: the device's memory is freed then.
 *
 * Throws on invalid settings, on a state of another configuration, on data that are too short, and where a loss is not finite.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * const settings = { model: denseRetNet, config, batch: 2, length: 4, steps: 2, schedule: cosineDecay({ peak: 1e-2, total: 2 }) };
 * const tokens = Int32Array.from({ length: 99 }, (_, i) => i % 8);
 * const kinds = [];
 * for await (const { kind } of train(settings, { train: randomWindows(tokens, 1) }, { on: eager(f64) })) kinds.push(kind);
 * kinds // ['begin', 'step', 'step', 'checkpoint']
 */
export async function* train<C extends { readonly vocabulary: number }, P extends Tree, S extends Tree>(
  settings: RunSettings<C, P, S>,
  data: TrainingData,
  { on, state: from, signal }: TrainOptions,
): AsyncGenerator<TrainEvent, void, void> {
  checkRun(settings, from);
  const { batch, length, steps, schedule, stepsPerCall = 1, accumulate = 1, checkpointEvery = steps } = settings;
  const { validateEvery = 100, validationBatches: count = 8 } = settings;
  // data that are too short throw here, before a program is compiled
  data.train(0, batch, length);
  data.validation?.(0, batch, length);
  const begin = from ?? startOfRun(settings);
  const training = trainingOf(settings);
  const { equation, inputs, keep } = trainingSteps(training);
  const program = await started(on, equation, inputs, keep);
  const validation = data.validation && (await startValidation(settings, training, on));
  const { drops } = training.batch;
  const source = drops ? withDrops(data.train, drops, settings.seed ?? 1) : data.train;
  const run = { training, schedule, source, batch, length, program };
  try {
    let { step, tokens } = begin;
    let given: Record<string, ArrayLike<number>> = { params: begin.params, first: begin.first, second: begin.second };
    const params = (): Promise<Numbers> | Numbers => (step === begin.step ? begin.params : program.kept('params'));
    const size = { batch, length, count, vocabulary: settings.config.vocabulary };
    const validated = async (): Promise<ValidationEvent> => {
      const began = performance.now();
      const found = await validate(validation!, await params(), data.validation!, size);
      return { kind: 'validation', step, ...found, seconds: (performance.now() - began) / 1e3 };
    };

    yield { kind: 'begin', step, parameters: begin.params.length, ran: program.ran };
    if (validation && step === 0) yield await validated();
    while (step < steps && !signal?.aborted) {
      const call = await called(run, step, { stepsPerCall, accumulate }, given);
      given = {};
      for (const event of call.events) {
        if (!Number.isFinite(event.loss) || !Number.isFinite(event.norm)) {
          const state = await stateOf(program, event.step - 1, tokens);
          const place = firstNotFinite(training, { params: state.params, ...call.inputsOf(event.step) });
          const { loss, norm } = event;
          yield { kind: 'notFinite', step: event.step, loss, norm, place, state };
          failNotFinite(event, place);
        }
        tokens += event.tokens;
        yield event;
      }
      step += stepsPerCall;
      if (validation && (step % validateEvery === 0 || step === steps)) yield await validated();
      if (step % checkpointEvery === 0 || step === steps || signal?.aborted)
        yield { kind: 'checkpoint', step, state: await stateOf(program, step, tokens) };
    }
  } finally {
    await program.dispose();
    await validation?.dispose();
  }
}

/** Reads the state of a program after a step. */
async function stateOf(program: Running, step: number, tokens: number): Promise<RunState> {
  const [params, first, second] = [
    await program.kept('params'),
    await program.kept('first'),
    await program.kept('second'),
  ];
  return { step, tokens, params, first, second };
}

/** Takes the steps of one call after step `step`. Returns their events, and the batches of each. */
async function called<P extends Tree>(
  { training, schedule, source, batch, length, program }: Run<P>,
  step: number,
  { stepsPerCall, accumulate }: { readonly stepsPerCall: number; readonly accumulate: number },
  given: Readonly<Record<string, ArrayLike<number>>>,
) {
  const began = performance.now();
  const each = Array.from({ length: stepsPerCall }, (_, k) =>
    Array.from({ length: accumulate }, (_, a) => source((step + k) * accumulate + a, batch, length)),
  );
  const factors = factorsOf(training.optimizer, schedule, step + 1, stepsPerCall);
  const { losses, norms } = await program.call({ ...given, factors, ...inputsOf(each.flat()).inputs });
  const seconds = (performance.now() - began) / 1e3 / stepsPerCall;
  const events = each.map((rows, k): StepEvent => {
    const own = step + k + 1;
    const [loss, norm] = [losses![k]!, norms![k]!];
    return { kind: 'step', step: own, loss, tokens: inputsOf(rows).counted, rate: schedule(own), norm, seconds };
  });
  return { events, inputsOf: (own: number) => inputsOf(each[own - step - 1]!).inputs };
}

function failNotFinite({ step, loss, norm }: StepEvent, place: NotFinite | null): never {
  const what = Number.isFinite(loss) ? `the norm of the gradient is ${norm}` : `the loss is ${loss}`;
  const where =
    place === null ? 'computed again in f32 it is finite' : `the first place is ${describeNotFinite(place)}`;
  fail(`train: step ${step}: ${what}; ${where}. Continue from an earlier state with a lower rate`);
}
