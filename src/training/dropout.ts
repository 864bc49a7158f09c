/**
 * @file Dropout (Srivastava et al., 2014) of the embeddings and of what each branch adds to the residual stream. Masks are rows of one
 * table, and which row a position takes is an input of the program, so that all executors drop the same numbers.
 */
import type { Drop, LanguageModel } from '../models/language-model.ts';
import { fail } from '../tensor/errors.ts';
import { constantLike, tableLike } from '../tensor/operand.ts';
import { at } from '../tensor/ops.ts';
import { gather } from '../tensor/primitives/gather.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { sizeOf } from '../tensor/shape.ts';
import { type Tree, treeOf } from '../tensor/tree.ts';
import type { Executor, Kind, Value } from '../tensor/value.ts';
import { type Rows, randomOfBatches, type Source } from './data.ts';
import type { BatchSlot } from './steps.ts';

/** The probability p with which a number becomes 0, and the seed of the masks. */
export interface Dropout {
  readonly probability: number;
  readonly seed: number;
}

/** R: rows of the table of masks, a power of two. */
export const maskRows = 4096;

/** The random numbers of masks, which are not those of the batches of the same seed. */
const randomOfMasks = (seed: number) => randomOfBatches((seed ^ 0x6d61736b) >>> 0);

/** Throws unless a probability is at least 0 and below 1. */
export function checkDropout(call: string, probability: number): void {
  if (!(probability >= 0 && probability < 1)) fail(`${call}: dropout is ${probability}; it is at least 0, below 1`);
}

/** Draws the table of masks [R, d]: each number is 0 with probability p, else 1 / (1 − p). */
export function maskTable({ probability, seed }: Dropout, width: number): Float64Array {
  const random = randomOfMasks(seed)(-1);
  const kept = 1 / (1 - probability);
  return Float64Array.from({ length: maskRows * width }, () => (random.uniform() < probability ? 0 : kept));
}

/** A source whose batches also say which rows of the table they take: an input `drops` of this shape, [n, b, t]. */
export function withDrops(source: Source, { shape }: BatchSlot, seed: number) {
  const randomOf = randomOfMasks(seed);
  const size = sizeOf(shape);
  return (batch: number, rows: number, length: number): Rows & { readonly drops: Float32Array } => {
    const random = randomOf(batch);
    const drops = new Float32Array(size);
    // two rows of each number, as a step has tens of thousands; what is past the end is not written
    for (let i = 0; i < size; i += 2) {
      const bits = random.integer(2 ** 32);
      drops[i] = bits % maskRows;
      drops[i + 1] = (bits >>> 16) % maskRows;
    }
    return { ...source(batch, rows, length), drops };
  };
}

/** Returns what drops by the rows of a batch, `drops` [n, b, t]: those of its i-th branch are `drops[i]`. No gradient reaches the masks. */
export function dropper(dropout: Dropout): (drops: Value) => Drop {
  const { probability, seed } = dropout;
  checkDropout('languageTraining', probability);
  let drawn: Float64Array | undefined; // by an eager program once, not in each step
  const tableFor = (x: Value): Value => {
    const width = x.shape.at(-1)!;
    return tableLike(x, `masks of dropout ${probability}, seed ${seed}, width ${width}`, () => {
      if (drawn?.length !== maskRows * width) drawn = maskTable(dropout, width);
      return constantLike(x, drawn, [maskRows, width]);
    });
  };
  return (drops) => {
    let table: Value | undefined;
    let branch = 0;
    return (x) => {
      table ??= tableFor(x);
      return mul(x, gather(table, at(drops, 0, branch++)));
    };
  };
}

/** An executor that knows only shapes. */
const shapesOnly: Executor<null> = {
  name: 'shapes only',
  get root() {
    return shapesOnly as Executor;
  },
  order: 0,
  open: true,
  input: () => null,
  constant: () => null,
  run: () => null,
  read: () => fail('countDropped: a model reads numbers, which do not exist yet'),
};

/** Counts the values that a model drops where it is asked to: the embeddings and each branch. Throws on an invalid configuration. */
export function countDropped<C, P extends Tree, S extends Tree>(model: LanguageModel<C, P, S>, config: C): number {
  model.check(config);
  const value = (shape: readonly number[], kind: Kind = 'real'): Value => ({
    shape,
    kind,
    on: shapesOnly as Executor,
    data: null,
  });
  const named = Object.entries(model.shapes(config)).map(([path, shape]) => [path, value(shape)] as const);
  const params = treeOf(Object.fromEntries(named)) as P;
  let count = 0;
  const drop: Drop = (branch) => {
    count++;
    return branch;
  };
  model.forward(params, config, value([1, 1], 'index'), model.start(params, config, 1), { name: 'recurrent' }, drop);
  return count;
}
