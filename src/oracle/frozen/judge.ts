/** @file Compares the numbers and bounds in a file of vectors, and what its entry says, with what densessm computes now. */
import { float64 } from '../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../io/safetensors.ts';
import { fail } from '../../tensor/errors.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { TensorResult } from '../../vectors/compare.ts';
import type { FrozenEntry } from '../../vectors/frozen/manifest.ts';
import { type Dtype, dtypes } from '../backends/backend.ts';
import { rowModes } from '../batches/rows.ts';
import type { Case, Tensor, Tensors } from '../case.ts';
import { allowedFor } from '../check/verdict/allowed.ts';
import { ratioOf } from '../check/verdict/place.ts';
import { operators } from '../operators/index.ts';
import { type Accepted, type AcceptedTensor, acceptedOf } from './accepted.ts';
import { faultsIn, isCaught } from './caught.ts';
import { type FrozenRow, operatorOf } from './choose.ts';
import { definitionOf, givenTensors } from './files.ts';

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

/**
 * Compares a case with what densessm computes now: right numbers within rounding errors of double precision, bounds within a few parts, types,
 * shapes and periods. Throws an InputError where the file or its entry says something else than the case is: inputs of another type, a mask
 * that disagrees with the settings, other equations or profiles, a fault that it does not catch.
 */
export function judgeFrozen(entry: FrozenEntry, tensors: ReadonlyMap<string, StoredTensor>): TensorResult[] {
  const row = rowOf(entry);
  const { operator, mode } = operatorOf(row);
  const c = caseOf(entry.settings, tensors);
  checkGiven(entry, row, c, tensors);
  const now = acceptedOf(operator, mode, row.dtype, c);
  checkEntry(entry, row, c, now);
  const exact = allowedFor(operator, { mode, dtype: 'F64' satisfies Dtype, gradients: true, c, profile: float64 });
  const listed = new Map(entry.tensors.map((one) => [one.name, one]));
  const names = new Set([...listed.keys(), ...Object.keys(now.tensors)]);
  return [...names].map((name): TensorResult => {
    const [right, bound] = [tensors.get(`right/${name}`), tensors.get(`bound/${name}`)];
    const own = now.tensors[name];
    if (own === undefined) return unlike(name, 'densessm computes no such tensor of this case');
    if (right === undefined || bound === undefined) return unlike(name, 'the file has no right numbers or no bounds');
    if (!sameShape(right.shape, own.shape))
      return unlike(name, `has shape ${show(right.shape)}, not ${show(own.shape)}`);
    const [said, meant] = [saidOf(listed.get(name)!.types, listed.get(name)!.period), saidOf(own.dtypes, own.period)];
    if (said !== meant) return unlike(name, `is ${said} in the manifest, not ${meant}`);
    if (right.dtype !== 'F64' || bound.dtype !== 'BF16')
      return unlike(name, `is stored as ${right.dtype} and ${bound.dtype}, not F64 and BF16`);
    const wide = boundThatDiffers(bound.data, own);
    if (wide >= 0) return unlike(name, `the bound of number ${wide} is ${bound.data[wide]}, not ${own.bounds[wide]}`);
    return compared(name, right, own.right, exact.tensors[name]!.bounds);
  });
}

/** Throws unless the inputs and cotangents of a file are those of its case: no other names, types and numbers, batches as in the settings. */
function checkGiven({ file }: Asking, row: FrozenRow, c: Case, tensors: ReadonlyMap<string, StoredTensor>): void {
  const given = givenIn(file, row, c);
  const stored = new Map([...tensors].filter(([name]) => /^(in|cotangent)\//.test(name)));
  for (const name of new Set([...stored.keys(), ...given.keys()])) {
    const [have, want] = [stored.get(name), given.get(name)];
    if (have === undefined || want === undefined)
      fail(`${file}: ${have === undefined ? 'lacks' : 'has'} ${name}, other than its settings say; write it again`);
    if (have.dtype !== want.dtype) fail(`${file}: ${name} is of type ${have.dtype}, not ${want.dtype}; write it again`);
    if (!sameShape(have.shape, want.shape) || have.data.some((x, i) => x !== want.data[i]))
      fail(`${file}: ${name} has other numbers than its settings say; write it again`);
  }
}

/** The inputs and cotangents of a case, for which inputs of others may have any names and shapes. */
function givenIn(file: string, row: FrozenRow, c: Case): ReturnType<typeof givenTensors> {
  try {
    return givenTensors(row, c);
  } catch (error) {
    return fail(`${file}: is no case of ${row.operator.name} ${row.mode} (${(error as Error).message})`);
  }
}

/** Throws unless an entry says what densessm computes of its case. */
function checkEntry({ file, ...entry }: FrozenEntry, row: FrozenRow, c: Case, now: Accepted): void {
  const { operator, mode } = operatorOf(row);
  const own = { ...definitionOf(row.operator), profiles: now.profiles.map(({ name }) => name) };
  for (const field of ['equations', 'definition', 'profiles'] as const) {
    const [have, want] = [entry[field], own[field]].map((said) => JSON.stringify(said));
    if (have !== want) fail(`${file}: the manifest says ${field} ${have}, densessm ${want}`);
  }
  const known = faultsIn(operator, mode);
  for (const name of entry.catches)
    if (!known.some((fault) => fault.name === name && isCaught(fault, c, now)))
      fail(`${file}: the manifest says that it catches ${name}, which it does not; write it again`);
}

/** What the manifest says of a tensor besides its name and shape. */
const saidOf = (types: readonly string[], period: number | undefined): string =>
  `${types.join(' or ')}${period === undefined ? '' : ` with period ${period}`}`;

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
