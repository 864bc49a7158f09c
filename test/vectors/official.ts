/** @file Loads stored cases, copies them with one number changed, and draws cases by the sources' names. */
import { fileURLToPath } from 'node:url';
import { isInteger } from '../../src/io/dtypes.ts';
import type { StoredTensor } from '../../src/io/safetensors.ts';
import { type Lists, toLists } from '../../src/oracle/case.ts';
import { rng } from '../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import { adapterFor, adapters } from '../../src/vectors/adapters.ts';
import type { Adapter } from '../../src/vectors/case.ts';
import { type TensorResult, toleranceOf } from '../../src/vectors/compare.ts';
import { discover } from '../../src/vectors/discover.ts';
import { type LoadedCase, loadCase } from '../../src/vectors/load.ts';
import { runCase, withoutExpected } from '../../src/vectors/run-case.ts';

/** The stored cases of a family. */
export const casesOf = (family: string): LoadedCase[] =>
  discover([fileURLToPath(new URL(`${family}`, import.meta.url))]).files.map(loadCase);

/** The adapter of a case. */
export function adapterOf({ family, config }: LoadedCase): Adapter {
  const adapter = adapterFor(adapters, family, typeof config.kind === 'string' ? config.kind : null);
  if (adapter === null) throw new Error(`no adapter for ${family}`);
  return adapter;
}

/** The results for all tensors of a case, without waivers. */
export const outcome = (loaded: LoadedCase): TensorResult[] => runCase(loaded, adapterOf(loaded), []);

/** The tensors that do not pass, with reasons. */
export const failing = (results: readonly TensorResult[]): string[] =>
  results.filter(({ status }) => status !== 'passed').map(({ name, worst, reason }) => `${name}: ${reason ?? worst}`);

/** The names of the tensors that do not pass. */
export const failingNames = (results: readonly TensorResult[]): string[] =>
  results.filter(({ status }) => status !== 'passed').map(({ name }) => name);

/** A copy of a case with tensors replaced or added; null removes a tensor. */
export function withTensors(loaded: LoadedCase, changes: Readonly<Record<string, StoredTensor | null>>): LoadedCase {
  const tensors = new Map(loaded.tensors);
  for (const [name, tensor] of Object.entries(changes)) {
    if (tensor === null) tensors.delete(name);
    else tensors.set(name, tensor);
  }
  return { ...loaded, tensors };
}

/** A copy of a tensor with its middle number changed by `by` times the allowed error, or by 1 for integers. */
export function moved(name: string, stored: StoredTensor, by: number): StoredTensor {
  const at = Math.floor(stored.data.length / 2);
  const x = stored.data[at]!;
  const step = isInteger(stored.dtype) ? 1 : by * toleranceOf(name, stored)(x);
  return { ...stored, data: stored.data.with(at, x + step) };
}

/** Returns a function that compares a case with changed expected numbers. The adapter runs only once. */
export function rerun(loaded: LoadedCase): (changed: LoadedCase) => TensorResult[] {
  const answers = adapterOf(loaded)(withoutExpected(loaded));
  return (changed) => runCase(changed, () => answers, []);
}

/** A tensor as nested lists, for the scalar definitions. */
export const listsOf = (tensors: ReadonlyMap<string, StoredTensor>, name: string): Lists => toLists(tensors.get(name)!);

export const f64Tensor = (shape: Shape, data: ArrayLike<number>): StoredTensor => ({
  dtype: 'F64',
  shape,
  data: Float64Array.from(data),
});

/** Draws weights: norms around 1, and maps scaled so that activations stay of order 1. */
export function drawnWeights(shapes: Readonly<Record<string, Shape>>, seed: number): Record<string, StoredTensor> {
  const random = rng(seed);
  const draw = (shape: Shape): StoredTensor => {
    const [centre, spread] = shape.length === 1 ? [1, 0.3] : [0, 1 / Math.sqrt(Math.max(1, shape.at(-1)!))];
    return f64Tensor(
      shape,
      Array.from({ length: sizeOf(shape) }, () => centre + spread * random.normal()),
    );
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [`param/${name}`, draw(shape)]));
}

/** Draws tokens [b, t]. */
export function drawnTokens(b: number, t: number, vocabulary: number, seed: number): StoredTensor {
  const random = rng(seed);
  return { dtype: 'I32', shape: [b, t], data: Float64Array.from({ length: b * t }, () => random.integer(vocabulary)) };
}
