/** @file Compares the numbers and bounds in a file of vectors with those that densessm computes now. */
import { float64 } from '../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../io/safetensors.ts';
import { fail } from '../../tensor/errors.ts';
import type { TensorResult } from '../../vectors/compare.ts';
import type { FrozenEntry } from '../../vectors/frozen/manifest.ts';
import { type Dtype, dtypes } from '../backends/backend.ts';
import { rowModes } from '../batches/rows.ts';
import type { Case, Tensor, Tensors } from '../case.ts';
import { allowedFor } from '../check/verdict/allowed.ts';
import { ratioOf } from '../check/verdict/place.ts';
import { operators } from '../operators/index.ts';
import { type AcceptedTensor, acceptedOf } from './accepted.ts';
import { type FrozenRow, operatorOf } from './choose.ts';

/** What names a case. */
type Asking = Pick<FrozenEntry, 'file' | 'operator' | 'mode' | 'type'>;

/** The row of a case. Throws an InputError if there is none. */
export function rowOf({ operator: name, mode, type, file }: Asking): FrozenRow {
  const operator = operators.find((one) => one.name === name);
  const dtype = dtypes.find((one) => one === type);
  if (operator === undefined || dtype === undefined || !rowModes(operator).includes(mode))
    return fail(`${file}: densessm does not know ${name} ${mode} in ${type}; get the version that wrote it`);
  return { operator, mode, dtype };
}

/** The case of a file, without what says where the sequences of a batch are: the settings have that too. */
export function caseOf(settings: FrozenEntry['settings'], tensors: ReadonlyMap<string, StoredTensor>): Case {
  const part = (prefix: string): Tensors =>
    Object.fromEntries(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { dtype, shape, data }]): [string, Tensor] => [
          name.slice(prefix.length),
          { shape, data, ...(dtype === 'I32' && { kind: 'index' as const }) },
        ]),
    );
  const { cuSeqlens: _, mask: __, ...inputs } = part('in/');
  return { inputs, cotangents: part('cotangent/'), settings, seed: 1, values: 'normal' };
}

/** A stored bound may differ by so many parts from the one computed now: two steps of bfloat16, as functions of engines differ. */
const slack = 2 ** -6;

/** Compares a case with what densessm computes now: right numbers within rounding errors of double precision, bounds within a few parts. */
export function judgeFrozen(entry: FrozenEntry, tensors: ReadonlyMap<string, StoredTensor>): TensorResult[] {
  const row = rowOf(entry);
  const { operator, mode } = operatorOf(row);
  const c = caseOf(entry.settings, tensors);
  const now = acceptedOf(operator, mode, row.dtype, c);
  const exact = allowedFor(operator, { mode, dtype: 'F64' satisfies Dtype, gradients: true, c, profile: float64 });
  const names = new Set([...entry.tensors.map(({ name }) => name), ...Object.keys(now.tensors)]);
  return [...names].map((name): TensorResult => {
    const [right, bound] = [tensors.get(`right/${name}`), tensors.get(`bound/${name}`)];
    const own = now.tensors[name];
    if (own === undefined) return unlike(name, 'densessm computes no such tensor of this case');
    if (right === undefined || bound === undefined) return unlike(name, 'the file has no right numbers or no bounds');
    if (right.data.length !== own.right.length)
      return unlike(name, `has ${right.data.length} numbers, not ${own.right.length}`);
    const wide = boundThatDiffers(bound.data, own);
    if (wide >= 0) return unlike(name, `the bound of number ${wide} is ${bound.data[wide]}, not ${own.bounds[wide]}`);
    return compared(name, right, own.right, exact.tensors[name]!.bounds);
  });
}

const unlike = (name: string, reason: string): TensorResult => ({
  ...{ name, status: 'failed', worst: Number.POSITIVE_INFINITY },
  ...{ at: null, expected: null, actual: null, allowed: null, reason },
});

const boundThatDiffers = (stored: Float64Array, { bounds }: AcceptedTensor): number =>
  stored.findIndex((bound, i) => bound !== bounds[i] && !(Math.abs(bound - bounds[i]!) <= slack * bounds[i]!));

function compared(name: string, { data, shape }: StoredTensor, now: Float64Array, allowed: Float64Array): TensorResult {
  let [worst, at] = [0, 0];
  data.forEach((x, i) => {
    const ratio = ratioOf(x, now[i]!, 2 * allowed[i]!);
    if (ratio > worst) [worst, at] = [ratio, i];
  });
  if (data.length === 0) return { ...unlike(name, ''), status: 'passed', worst: 0 };
  const place = shape.map((length, axis) => Math.floor(at / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % length);
  return {
    ...{ name, status: worst <= 1 ? 'passed' : 'failed', worst, at: place },
    ...{ expected: data[at]!, actual: now[at]!, allowed: 2 * allowed[at]! },
  };
}
