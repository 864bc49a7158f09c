/**
 * @file Defines the interface of language models, which are functions of plain records with an explicit state. Checks, initialises
 * and counts parameters.
 */
import { checkAxes, checkPosition } from '../nn/check.ts';
import type { Mode } from '../nn/mode.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { input } from '../tensor/input.ts';
import { type Rng, rng } from '../tensor/random.ts';
import { type Shape, sameShape, show, sizeOf } from '../tensor/shape.ts';
import { namedLeavesOf, type Tree, treeOf } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';

/** State after some tokens: the number of tokens, and each layer's state, a value or a record of values. */
export interface ModelState<S extends Tree = Value> {
  readonly position: number;
  readonly layers: readonly S[];
}

/** Logits [b, t, vocabulary], and the state after the last token. A padded vocabulary has more columns. */
export interface ModelResult<S extends Tree = Value> {
  readonly logits: Value;
  readonly state: ModelState<S>;
}

/**
 * What `forward` applies to the embeddings, and to each branch before it is added to the residual stream, all [b, t, d], in the order of
 * the forward pass: dropout, in training.
 */
export type Drop = (branch: Value) => Value;

/** Drops nothing. */
export const dropNothing: Drop = (branch) => branch;

/** A model with parameters `P` under a configuration `C`. */
export interface Parametrised<C, P extends Tree> {
  readonly name: string;
  /** Checks a configuration. Throws on the first error, with the remedy. */
  check(config: C): void;
  /** Shapes of all parameters, by path in `P`. */
  shapes(config: C): Readonly<Record<string, Shape>>;
  /** Initial numbers of a parameter, or null for the default of {@link initialise}. */
  fresh?(config: C, path: string, shape: Shape, random: Rng): Float64Array | null;
  /** Never present. It lets the compiler infer `P`. */
  readonly params?: P;
}

/** Family of language models: `C` is its configuration, `P` its parameters, `S` the state of a layer. */
export interface LanguageModel<C, P extends Tree, S extends Tree = Value> extends Parametrised<C, P> {
  /** State before the first token, on the executor of `params`. Throws as {@link checkParameters} does. */
  start(params: P, config: C, batch: number): ModelState<S>;
  /**
   * Reads `tokens` [b, t] (kind index) from a state, in a mode. Training gives `drop`; without it nothing is dropped. Throws on another
   * number of layers.
   */
  forward(params: P, config: C, tokens: Value, state: ModelState<S>, mode: Mode, drop?: Drop): ModelResult<S>;
}

/**
 * Throws on an invalid configuration, and on the first parameter that is missing, unexpected, or of another shape. `generate` calls
 * it. `start` and `forward` check only the number of layers, so that gates may have another rank than configured. Call this first
 * when weights come from elsewhere.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * checkParameters(denseRetNet, initialise(denseRetNet, config, { on: f64, seed: 1 }), config) // undefined
 */
export function checkParameters<C, P extends Tree>(model: Parametrised<C, P>, params: P, config: C): void {
  model.check(config);
  const left = new Map(namedLeavesOf(params));
  for (const [path, shape] of Object.entries(model.shapes(config))) {
    const given = left.get(path)?.shape;
    if (given === undefined) {
      fail(`${model.name}: the parameters lack ${path}, ${show(shape)} in this configuration; change one of them`);
    }
    if (!sameShape(given, shape)) {
      fail(
        `${model.name}: parameter ${path} has shape ${show(given)}, not ${show(shape)} as configured; change one of them`,
      );
    }
    left.delete(path);
  }
  for (const [path, { shape }] of left) {
    fail(`${model.name}: parameter ${path}, ${show(shape)}, has no place in this configuration; change one of them`);
  }
}

/** Checks the number of layers, the position and tokens [b, t] of `forward`. It does not check each weight. */
export function checkStep(
  call: string,
  layers: number,
  weights: readonly unknown[],
  tokens: Value,
  state: ModelState<Tree>,
): void {
  if (weights.length !== layers) {
    fail(`${call}: parameters of ${weights.length} layers, a configuration of ${layers}; change one of them`);
  }
  checkAxes(call, 'tokens', tokens, ['b', 't']);
  checkState(call, layers, state);
}

/** Throws unless a state has a position and `layers` layers. */
export function checkState(call: string, layers: number, state: ModelState<Tree>): void {
  if (!Array.isArray(state?.layers)) {
    fail(`${call}: the state is ${described(state)}; give what start or the last forward returned`);
  }
  checkPosition(call, state.position);
  if (state.layers.length !== layers) {
    fail(
      `${call}: a state of ${state.layers.length} layers for a model of ${layers}; give what its start or forward returned`,
    );
  }
}

/**
 * Draws initial parameters on an executor. The model's own rule applies first, if it has one. By default norms are 1, and all other
 * weights are drawn from N(0, `spread`²). The default spread is 0.02, as in the released code [C]. Throws on an invalid
 * configuration.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * initialise(denseRetNet, config, { on: f64, seed: 1 }).embedding.shape // [8, 8]
 */
export function initialise<C, P extends Tree>(
  model: Parametrised<C, P>,
  config: C,
  options: { on: Executor; seed: number; spread?: number },
): P {
  if (typeof model?.check !== 'function')
    fail(`initialise: the model is ${described(model)}; give one of densessm/models`);
  if (typeof options?.on?.input !== 'function')
    fail('initialise: the third argument names no executor; write { on: f64, seed: 1 }');
  const { on, seed, spread = 0.02 } = options;
  model.check(config);
  const random = rng(seed);
  const draw = (path: string, shape: Shape): Value => {
    const isNorm = path.toLowerCase().endsWith('norm');
    const numbers = () => Float64Array.from({ length: sizeOf(shape) }, () => (isNorm ? 1 : spread * random.normal()));
    return input(on, model.fresh?.(config, path, shape, random) ?? numbers(), shape);
  };
  const named = Object.entries(model.shapes(config)).map(([path, shape]): [string, Value] => [path, draw(path, shape)]);
  return treeOf(Object.fromEntries(named)) as P;
}

/**
 * Number of parameters of a configuration. Throws on an invalid configuration.
 * @example
 * countParameters(denseRetNet, denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 1, denseLayers: 1 })) // 600
 */
export function countParameters<C, P extends Tree>(model: Parametrised<C, P>, config: C): number {
  model.check(config);
  return Object.values(model.shapes(config)).reduce((total, shape) => total + sizeOf(shape), 0);
}
