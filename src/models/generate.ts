/** @file Generates tokens: reads a prompt in any mode, then continues one token at a time in recurrent mode. */
import { checkMode, type Mode } from '../nn/mode.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { indexInput, read } from '../tensor/input.ts';
import { didYouMean } from '../tensor/names.ts';
import { rng } from '../tensor/random.ts';
import { type Shape, show, sizeOf } from '../tensor/shape.ts';
import { leavesOf, type Tree } from '../tensor/tree.ts';
import { type Executor, isValue, type Value } from '../tensor/value.ts';
import type { LanguageModel } from './language-model.ts';
import { checkSampling, pickToken, type Sampling } from './sampling.ts';

/** Options of generation: the number of tokens, and how to sample them. */
export interface GenerateOptions extends Sampling {
  /** Largest number of tokens to add. */
  readonly steps: number;
  /** Mode that reads the prompt; recurrent unless given. Later tokens are always read in recurrent mode. */
  readonly mode?: Mode;
  /** Seed of the random numbers; 0 unless given. Sequence i draws from the stream of `seed + i` (modulo 2³²). */
  readonly seed?: number;
  /** Token that ends its sequence. */
  readonly stopAt?: number;
}

/**
 * Returns the tokens that follow a prompt, without the prompt: a list per sequence, of `steps` tokens, or fewer if it ends with
 * `stopAt`. `prompt` holds lists of tokens of one length, or is an index value [b, t] on the executor of `params`. Each sequence
 * has its own random stream, so its tokens do not depend on the others. Throws on an invalid configuration, parameters or options.
 * Throws on an empty or ragged prompt, and on a token outside the vocabulary.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 5, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * const params = initialise(denseRetNet, config, { on: f64, seed: 1 });
 * generate(denseRetNet, params, config, [[1, 2]], { steps: 3 }).flat().length // 3
 */
export function generate<C extends { readonly vocabulary: number }, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  params: P,
  config: C,
  prompt: readonly (readonly number[])[] | Value,
  options: GenerateOptions,
): number[][] {
  const steps = [...generating(model, params, config, prompt, options)];
  const sequences = isValue(prompt) ? prompt.shape[0]! : prompt.length;
  return Array.from({ length: sequences }, (_, i) => steps.flatMap((tokens) => tokens[i] ?? []));
}

/**
 * Generates as {@link generate} does, and yields the tokens of each step as they come: one for each sequence, or null after its end.
 * It holds one state, so that a model whose state does not grow takes constant memory.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 5, width: 8, heads: 2, layers: 2, denseLayers: 1 });
 * const params = initialise(denseRetNet, config, { on: f64, seed: 1 });
 * [...generating(denseRetNet, params, config, [[1, 2]], { steps: 3 })].length // 3
 */
export function* generating<C extends { readonly vocabulary: number }, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  params: P,
  config: C,
  prompt: readonly (readonly number[])[] | Value,
  options: GenerateOptions,
): Generator<(number | null)[], void, void> {
  model.check(config);
  checkNames(options);
  checkOptions(options, config.vocabulary);
  const { steps, mode = { name: 'recurrent' }, seed = 0, stopAt } = options;
  const on = executorOf(params);
  const tokens = promptOf(prompt, config.vocabulary, on);
  const batch = tokens.shape[0]!;
  const streams = Array.from({ length: batch }, (_, i) => rng((seed + i) >>> 0));
  const last: (number | null)[] = streams.map(() => null);
  const hasEnded = (token: number | null): boolean => stopAt !== undefined && token === stopAt;

  let next = tokens;
  let state = model.start(params, config, batch);
  for (let step = 0; step < steps && !last.every(hasEnded); step++) {
    const result = model.forward(params, config, next, state, step === 0 ? mode : { name: 'recurrent' });
    // an ended sequence repeats its last token while others continue; these tokens are dropped
    yield last.map((token, i) => {
      if (hasEnded(token)) return null;
      const picked = pickToken(lastLogits(result.logits, i, config.vocabulary), options, streams[i]!);
      last[i] = picked;
      return picked;
    });
    next = indexInput(on, last as number[], [batch, 1]);
    state = result.state;
  }
}

const optionNames: Readonly<Record<keyof GenerateOptions, true>> = {
  steps: true,
  mode: true,
  seed: true,
  stopAt: true,
  temperature: true,
  topK: true,
  topP: true,
};

/** Throws unless the options are a record with known names. */
function checkNames(options: GenerateOptions): void {
  if (typeof options !== 'object' || options === null) {
    fail(`generate: the options are ${described(options)}; give a record with steps at least, as in { steps: 3 }`);
  }
  const known = Object.keys(optionNames);
  const wrong = Object.keys(options).find((name) => !known.includes(name));
  if (wrong === undefined) return;
  fail(`generate: unknown option '${wrong}'; use ${known.join(', ')}${didYouMean(wrong, known)}`);
}

function checkOptions({ steps, mode, seed = 0, stopAt = 0, ...sampling }: GenerateOptions, vocabulary: number): void {
  if (!Number.isInteger(steps) || steps < 0) fail(`generate: steps is ${steps}; it is an integer ≥ 0`);
  if (!isToken(stopAt, vocabulary)) {
    fail(`generate: stopAt is ${stopAt}; it is a token of the vocabulary, 0 to ${vocabulary - 1}`);
  }
  if (mode !== undefined) checkMode('generate', mode);
  checkSampling(sampling);
  rng(seed); // throws on an invalid seed
}

/** Returns the executor that holds a model's numbers. */
function executorOf(params: Tree): Executor {
  const [first] = leavesOf(params);
  return first?.on.root ?? fail('generate: the parameters hold no values; give those of the model');
}

/** Converts the prompt to an index value [b, t]. */
function promptOf(prompt: readonly (readonly number[])[] | Value, vocabulary: number, on: Executor): Value {
  const shape = isValue(prompt) ? prompt.shape : shapeOf(prompt);
  if (isValue(prompt) && (prompt.kind !== 'index' || shape.length !== 2)) {
    fail(`generate: the prompt is of kind ${prompt.kind} and shape ${show(shape)}; it is an index value [b, t]`);
  }
  if (sizeOf(shape) === 0)
    fail(`generate: the prompt has shape ${show(shape)}; give one sequence of one token at least`);
  const tokens = isValue(prompt) ? [...read(prompt)] : prompt.flat();
  const wrong = tokens.findIndex((token) => !isToken(token, vocabulary));
  if (wrong >= 0) {
    const place = `token ${wrong % shape[1]!} of sequence ${Math.floor(wrong / shape[1]!)}`;
    fail(`generate: ${place} of the prompt is ${described(tokens[wrong])}; the vocabulary is 0 to ${vocabulary - 1}`);
  }
  return isValue(prompt) ? prompt : indexInput(on, tokens, shape);
}

const isToken = (token: number, vocabulary: number): boolean =>
  Number.isInteger(token) && token >= 0 && token < vocabulary;

function shapeOf(rows: readonly (readonly number[])[]): Shape {
  if (!Array.isArray(rows)) fail(`generate: the prompt is ${described(rows)}; give lists of tokens, one per sequence`);
  const length = rows[0]?.length ?? 0;
  rows.forEach((row: readonly number[], i) => {
    if (!Array.isArray(row)) {
      fail(
        `generate: sequence ${i} of the prompt is ${described(row)}; it is a list of tokens, as in [[1, 2]] for one sequence`,
      );
    }
    if (row.length === length) return;
    fail(
      `generate: sequence ${i} of the prompt has ${row.length} tokens, sequence 0 has ${length}; continue sequences of different lengths in calls of their own`,
    );
  });
  return [rows.length, length];
}

/** Returns the logits [vocabulary] after the last token of a sequence, without rows that pad the vocabulary. */
function lastLogits(logits: Value, sequence: number, vocabulary: number): Float64Array {
  const [, t, v] = logits.shape as readonly [number, number, number];
  const last = ((sequence + 1) * t - 1) * v;
  return logits.on.read(logits.data).subarray(last, last + vocabulary);
}
