/** @file What every language model here is: functions of plain records, with an explicit state. */
import type { Mode } from '../nn/retention/normalised.ts';
import { input } from '../tensor/input.ts';
import { rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { type Tree, treeOf } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';

/** What the tokens so far leave behind: how many there were, and each layer's state. */
export interface ModelState {
  readonly position: number;
  readonly layers: readonly Value[];
}

/** Logits [b, t, vocabulary] and the state after the last token. */
export interface ModelResult {
  readonly logits: Value;
  readonly state: ModelState;
}

/** A family of language models: `C` its configuration, `P` its parameters. */
export interface LanguageModel<C, P extends Tree> {
  readonly name: string;
  /** Checks a configuration. Throws on the first thing that is wrong, with the remedy. */
  check(config: C): void;
  /** The shape of every parameter, by its path in `P`. */
  shapes(config: C): Readonly<Record<string, Shape>>;
  /** The state before the first token, beside the values of `params`. */
  start(params: P, config: C, batch: number): ModelState;
  /** Continues from a state with `tokens` [b, t] (kind index), in a mode. */
  forward(params: P, config: C, tokens: Value, state: ModelState, mode: Mode): ModelResult;
}

/**
 * Fresh parameters on an executor: norms 1, all else drawn from N(0, `spread`²), 0.02 as the released code ends up with [C].
 * Throws on a configuration that makes no model.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * initialise(denseRetNet, config, { on: f64, seed: 1 }).embedding.shape // [8, 8]
 */
export function initialise<C, P extends Tree>(
  model: LanguageModel<C, P>,
  config: C,
  { on, seed, spread = 0.02 }: { on: Executor; seed: number; spread?: number },
): P {
  model.check(config);
  const random = rng(seed);
  const draw = (path: string, shape: Shape): Value => {
    const isNorm = path.toLowerCase().endsWith('norm');
    return input(
      on,
      Float64Array.from({ length: sizeOf(shape) }, () => (isNorm ? 1 : spread * random.normal())),
      shape,
    );
  };
  const named = Object.entries(model.shapes(config)).map(([path, shape]): [string, Value] => [path, draw(path, shape)]);
  return treeOf(Object.fromEntries(named)) as P;
}

/**
 * How many numbers a configuration's parameters hold. Throws on a configuration that makes no model.
 * @example
 * countParameters(denseRetNet, denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 1, denseLayers: 1 })) // 600
 */
export function countParameters<C, P extends Tree>(model: LanguageModel<C, P>, config: C): number {
  model.check(config);
  return Object.values(model.shapes(config)).reduce((total, shape) => total + sizeOf(shape), 0);
}
