/** @file Answers that cases of all language models share: logits in every mode, loss, gradients, states, tables. */
import { valueAndGrad, vjp } from '../autograd/vjp.ts';
import { f64 } from '../executors/f64/index.ts';
import { recording } from '../executors/recording.ts';
import type { LanguageModel, ModelResult } from '../models/language-model.ts';
import type { Mode } from '../nn/mode.ts';
import { indexInput } from '../tensor/input.ts';
import { once } from '../tensor/once.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { type Answers, answer, givenIn, type VectorCase } from './case.ts';
import { numbersWanted } from './names.ts';
import { objectivesOf } from './objective.ts';
import { stateAnswers } from './official-state.ts';
import { bufferAnswers, type HeadSizes, parallelTables } from './position-tables.ts';
import { gradientAnswers, type Weights, weightsIn } from './weights.ts';

/** A language model and how a case describes it. */
export interface ModelCase<C, P extends Tree, S extends Tree = Value> {
  readonly model: LanguageModel<C, P, S>;
  readonly config: C;
  /** The model's parameters, made of the stored weights. */
  readonly params: (weights: Weights) => P;
  /** Batch and length of `in/input_ids`. */
  readonly size: readonly [b: number, t: number];
  /** The given tensor with the labels of the loss. */
  readonly labels: string;
}

/** Additional parts of a model with RetNet's positions. */
export interface RotatedCase<C, P extends Tree> extends ModelCase<C, P> {
  readonly layers: number;
  readonly heads: HeadSizes;
  /** The prefix of the position tables in `buffer/`. */
  readonly buffers: string;
}

/** The runs from which a case's answers come, each made at its first use. */
export interface ModelRuns<S extends Tree = Value> {
  /** The logits of the parallel run. */
  readonly parallel: () => Value;
  /** A value of the parallel run by the name of its site. Throws when the run has no such site. */
  readonly at: (site: string) => Value;
  readonly inMode: (mode: Mode) => () => ModelResult<S>;
  /** `out/loss` of the parallel run, and `grad/…` of every weight. */
  readonly learning: Answers['tensors'];
}

const TOKENS = 'in/input_ids';

/** The tokens [b, t] of a case. Throws when they are missing or have another shape. */
export function tokensIn(testCase: VectorCase, size: readonly number[], on: Executor = f64): Value {
  return indexInput(on, givenIn(testCase, TOKENS, size).data, size);
}

/** The runs of a language model. Throws on a configuration that makes no model. */
export function modelRuns<C, P extends Tree, S extends Tree>(
  testCase: VectorCase,
  { model, config, params: paramsOf, size, labels }: ModelCase<C, P, S>,
): ModelRuns<S> {
  const [b, t] = size;
  model.check(config);
  const run = (weights: Weights, tokens: Value, mode: Mode): ModelResult<S> => {
    const params = paramsOf(weights);
    return model.forward(params, config, tokens, model.start(params, config, b), mode);
  };
  const parallel = once(() => {
    const sites = new Map<string, Value>();
    const on = recording(f64, (site, x) => sites.set(site, x));
    const tokens = tokensIn(testCase, size, on);
    const recorded = vjp(
      (weights: Weights) => run(weights, tokens, { name: 'parallel' }).logits,
      weightsIn(testCase, on),
    );
    return { ...recorded, sites };
  });
  const { loss, differentiated } = objectivesOf(testCase, labels, t);
  const gradient = once(() => parallel().pullback(valueAndGrad(differentiated, parallel().value).gradient));
  return {
    parallel: () => parallel().value,
    at: (site) => parallel().sites.get(site) ?? missing(site),
    inMode: (mode) => once(() => run(weightsIn(testCase), tokensIn(testCase, size), mode)),
    learning: { 'out/loss': () => answer(loss(parallel().value)), ...gradientAnswers(testCase, gradient) },
  };
}

/** The answers that every language model with RetNet's positions has, and the runs that they come from. */
export function rotatedRuns<C, P extends Tree>(
  testCase: VectorCase,
  one: RotatedCase<C, P>,
): { readonly tensors: Answers['tensors']; readonly at: ModelRuns['at'] } {
  const { size, layers, heads, buffers } = one;
  const runs = modelRuns(testCase, one);
  const t = size[1];
  const recurrent = runs.inMode({ name: 'recurrent' });
  const chunkwise = numbersWanted(testCase, /^out\/logits_chunkwise\.(\d+)$/).map((chunkSize) => {
    const result = runs.inMode({ name: 'chunkwise', chunkSize });
    return [`out/logits_chunkwise.${chunkSize}`, () => answer(result().logits)] as const;
  });
  const states = Array.from({ length: layers }, (_, l) =>
    stateAnswers(`out/state.${l}`, () => recurrent().state.layers[l]!, heads.heads, t),
  );
  return {
    tensors: {
      'out/logits_parallel': () => answer(runs.parallel()),
      'out/logits_recurrent': () => answer(recurrent().logits),
      ...Object.fromEntries(chunkwise),
      ...Object.assign({}, ...states),
      ...bufferAnswers(`buffer/${buffers}`, heads),
      ...parallelTables(heads, t),
      ...runs.learning,
    },
    at: runs.at,
  };
}

function missing(site: string): never {
  throw new Error(`the parallel run passes no site ${site}`); // a fault of the adapter, not of the case
}
