/** @file Simplifies the numbers of a failing case to zeros, ones and powers of two, within the operator's domain and the backend's. */
import { type Case, mapTensors, type Tensor } from '../../case.ts';
import { contains, finiteNumbers, type Interval } from '../../interval.ts';

/** Whether a case still shows the same failure. */
export type StillFails = (c: Case) => Promise<boolean>;

const isPowerOfTwo = (x: number): boolean =>
  Number.isFinite(x) && 2 ** Math.round(Math.log2(Math.abs(x))) === Math.abs(x);

/** The cost of reading a number: 0 for zero, 1 for one, 2 for another power of two, 3 for the rest. */
const cost = (x: number): number => (x === 0 ? 0 : x === 1 ? 1 : isPowerOfTwo(x) ? 2 : 3);

const costOf = ({ data }: Tensor): number => data.reduce((sum, x) => sum + cost(x), 0);

const nearestPower = (x: number): number => (x === 0 ? 0 : Math.sign(x) * 2 ** Math.round(Math.log2(Math.abs(x))));

/** Larger tensors are changed as a whole or in blocks, not number by number. */
const fewNumbers = 24;
/** Blocks are halved until a tensor has more of them, zeros not counted. */
const fewBlocks = 16;

/**
 * Yields simpler versions of a tensor: first all numbers changed, then one at a time, or in blocks. A number stays where it would leave
 * `range`. Blocks are those of `latest`, the tensor as simplified so far.
 */
function* changes(x: Tensor, range: Interval, latest: () => Tensor): Generator<Tensor> {
  const isReal = x.kind !== 'index';
  const one = contains(range, 1) ? 1 : -1;
  const within = (step: (value: number) => number) => (value: number) => {
    const changed = step(value);
    return contains(range, changed) ? changed : value;
  };
  const steps = (isReal ? [() => 0, () => one, nearestPower] : [() => 0]).map(within);
  for (const step of steps) yield { ...x, data: x.data.map(step) };
  if (x.data.length > fewNumbers) {
    yield* blockwise(
      x.data.length,
      latest,
      within(() => 0),
    );
    const toOne = within(() => one);
    yield { ...latest(), data: latest().data.map((value) => (value === 0 ? value : toOne(value))) };
    return;
  }
  for (let at = 0; at < x.data.length; at++) {
    for (const step of steps) yield { ...x, data: x.data.map((value, i) => (i === at ? step(value) : value)) };
  }
}

/** Yields versions of a large tensor in which a block of numbers is zero, for halves, quarters and so on. */
function* blockwise(length: number, latest: () => Tensor, toZero: (value: number) => number): Generator<Tensor> {
  for (let size = Math.ceil(length / 2); ; size = Math.ceil(size / 2)) {
    const { data } = latest();
    const starts = Array.from({ length: Math.ceil(length / size) }, (_, i) => i * size);
    const full = starts.filter((start) => data.subarray(start, start + size).some((value) => value !== 0));
    if (full.length > fewBlocks) return;
    for (const start of full) {
      const now = latest();
      const isInside = (i: number): boolean => i >= start && i < start + size;
      yield { ...now, data: now.data.map((value, i) => (isInside(i) ? toZero(value) : value)) };
    }
    if (size === 1) return;
  }
}

const parts = ['cotangents', 'inputs'] as const;

/** A case with zeros in place of each whole tensor that does not matter: of all cotangents together first, then one at a time. */
export async function withoutTensors(
  c: Case,
  ranges: Readonly<Record<string, Interval>>,
  stillFails: StillFails,
): Promise<Case> {
  const zeros = (x: Tensor): Tensor => ({ ...x, data: new Float64Array(x.data.length) });
  const isZeros = ({ data }: Tensor): boolean => data.every((x) => x === 0);
  let best = c;
  const tried = async (candidate: Case): Promise<void> => {
    if (await stillFails(candidate)) best = candidate;
  };
  if (!Object.values(c.cotangents).every(isZeros)) await tried({ ...c, cotangents: mapTensors(c.cotangents, zeros) });
  for (const part of parts) {
    for (const [name, x] of Object.entries(best[part])) {
      const hasZero = part === 'cotangents' || contains(ranges[name] ?? finiteNumbers, 0);
      if (!isZeros(x) && hasZero) await tried({ ...best, [part]: { ...best[part], [name]: zeros(x) } });
    }
  }
  return best;
}

/**
 * Finds a case with simpler numbers that still fails, with at most `tries` questions. Changes cotangents and inputs in turn until no
 * simpler case fails. Inputs stay in their interval, if `ranges` has one.
 */
export async function simplify(
  c: Case,
  ranges: Readonly<Record<string, Interval>>,
  stillFails: StillFails,
  tries: number,
): Promise<Case> {
  const rangeIn = (part: 'cotangents' | 'inputs', name: string): Interval =>
    (part === 'inputs' ? ranges[name] : undefined) ?? finiteNumbers;
  let [best, left, improved] = [await withoutTensors(c, ranges, stillFails), tries, true];
  while (improved) {
    improved = false;
    for (const part of parts) {
      for (const name of Object.keys(best[part])) {
        for (const simpler of changes(best[part][name]!, rangeIn(part, name), () => best[part][name]!)) {
          // `best` may already be simpler than the tensor from which this change was made
          if (costOf(simpler) >= costOf(best[part][name]!)) continue;
          if (left-- <= 0) return best;
          const candidate: Case = { ...best, [part]: { ...best[part], [name]: simpler } };
          if (!(await stillFails(candidate))) continue;
          best = candidate;
          improved = true;
        }
      }
    }
  }
  return best;
}
