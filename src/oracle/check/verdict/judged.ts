/** @file Judges an answer: compares each number with its bound, and reports tensors that cannot be compared. */
import type { StoredTensor } from '../../../io/safetensors.ts';
import { sameShape, show } from '../../../tensor/shape.ts';
import type { Allowed, AllowedTensor } from './allowed.ts';
import { type ComparedTensor, type Counts, judgeFirstOrder } from './judged-first-order.ts';
import { type Place, placeAt, ratioOf } from './place.ts';
import { bothRatios, noRatios, type Ratios, ratiosOf } from './ratios.ts';

/**
 * An error in a tensor of an answer. `missing`, `extra`, `shape`, `dtype`: the tensor cannot be compared. `not-finite`: NaN or ∞
 * where a finite number is expected. `wrong`: numbers beyond their bounds. `biased`: each number is within its bound, but their
 * weighted sum is not.
 */
export interface Mismatch {
  readonly kind: 'missing' | 'extra' | 'shape' | 'dtype' | 'not-finite' | 'wrong' | 'biased';
  readonly tensor: string;
  /** One sentence that names the tensor and both sides. */
  readonly message: string;
  /** The number that is furthest beyond its bound; null if the tensor cannot be compared. */
  readonly worst: Place | null;
  /** The wrong elements, each once. */
  readonly wrong: readonly number[];
}

/** The judgement of an answer. */
export interface Judgement {
  readonly mismatches: readonly Mismatch[];
  /** The largest |error| / bound; ∞ if a tensor cannot be compared. Right when at most 1. */
  readonly ratio: number;
  /** The worst number; null if all are exactly right. */
  readonly worst: Place | null;
  /** |error| / bound of the numbers compared alone, except running bounds that are 0 or loose. */
  readonly ratios: Ratios;
  readonly compared: Counts;
}

/** Whether an answer is right. */
export const isRightAnswer = ({ mismatches }: Judgement): boolean => mismatches.length === 0;

/** A running bound is loose if it exceeds this many unit roundoffs, or this share, of the tensor's largest number. */
const [looseUnits, looseShare] = [2 ** 14, 1 / 4];

/**
 * Judges an answer. Compares every number with its running bound; if some of these bounds are loose, also uses first-order bounds.
 * `seed` selects the random parts of the first-order judgement.
 */
export function judged(allowed: Allowed, answered: ReadonlyMap<string, StoredTensor>, seed: number): Judgement {
  const unfit = unfitTensors(allowed, answered);
  const known = new Set(unfit.map(({ tensor }) => tensor));
  const compared: ComparedTensor[] = [];
  const wrong: Wrong[] = [];
  let [ratios, worst]: [Ratios, Place | null] = [noRatios, null];
  for (const [tensor, own] of Object.entries(allowed.tensors)) {
    if (known.has(tensor)) continue;
    const data = nearest(own, answered.get(tensor)!.data);
    const running = againstBounds(tensor, own, data, Math.min(looseUnits * allowed.profile.at.output.u, looseShare));
    compared.push({ tensor, answered: data, loose: running.loose });
    ratios = bothRatios(ratios, running.ratios);
    if (running.wrong.length > 0) wrong.push({ worst: running.worst!, elements: running.wrong });
    worst = worseOf(worst, running.worst);
  }
  const { places, ...counts } = judgeFirstOrder(allowed, compared, seed);
  for (const place of places) {
    worst = worseOf(worst, place);
    if (place.by !== 'projection') ratios = bothRatios(ratios, ratiosOf([place.ratio]));
    if (place.ratio > 1) wrong.push({ worst: place, elements: [place.element] });
  }
  return {
    mismatches: [...unfit, ...wrongTensors(wrong, allowed)],
    ratio: unfit.length > 0 ? Number.POSITIVE_INFINITY : (worst?.ratio ?? 0),
    worst,
    ratios,
    compared: counts,
  };
}

const worseOf = (a: Place | null, b: Place | null): Place | null =>
  a === null || (b !== null && b.ratio > a.ratio) ? b : a;

/** The answered numbers, each moved by whole periods to where it is nearest to the expected one. */
export const nearest = (
  { expected, period }: Pick<AllowedTensor, 'expected' | 'period'>,
  answered: Float64Array,
): Float64Array =>
  period === undefined
    ? answered
    : answered.map((x, i) => (Number.isFinite(x) ? x - period * Math.round((x - expected[i]!) / period) : x));

/** Returns a mismatch for each tensor that cannot be compared. */
function unfitTensors({ tensors }: Allowed, answered: ReadonlyMap<string, StoredTensor>): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const find = (kind: Mismatch['kind'], tensor: string, message: string): void => {
    mismatches.push({ kind, tensor, message: `${tensor} ${message}`, worst: null, wrong: [] });
  };
  for (const [tensor, { shape, dtypes }] of Object.entries(tensors)) {
    const have = answered.get(tensor);
    if (have === undefined) find('missing', tensor, 'is missing');
    else if (!dtypes.some((one) => one === have.dtype))
      find('dtype', tensor, `has the type ${have.dtype}, not ${dtypes.join(' or ')}`);
    else if (!sameShape(have.shape, shape)) find('shape', tensor, `has shape ${show(have.shape)}, not ${show(shape)}`);
  }
  for (const tensor of answered.keys()) if (!(tensor in tensors)) find('extra', tensor, 'was not asked for');
  return mismatches;
}

/** Compares the numbers of a tensor with their running bounds. */
function againstBounds(
  tensor: string,
  { expected, bounds, byForm }: AllowedTensor,
  answered: Float64Array,
  looseFrom: number,
): { ratios: Ratios; wrong: number[]; worst: Place | null; loose: number[] } {
  let size = 0;
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) size = Math.max(size, Math.abs(expected[i]!));
  // one object for each number would fill the memory, where all numbers of a long sequence are wrong
  const [wrong, loose]: [number[], number[]] = [[], []];
  const shares = new Float64Array(expected.length);
  let count = 0;
  let [worst, ratio] = [-1, 0];
  for (let i = 0; i < expected.length; i++) {
    const bound = bounds[i]!;
    const isLoose = byForm === undefined && bound > looseFrom * size;
    if (isLoose) loose.push(i);
    if (bound === Number.POSITIVE_INFINITY) continue;
    const share = ratioOf(answered[i]!, expected[i]!, bound);
    if (bound > 0 && !isLoose) shares[count++] = share;
    if (share > 1) wrong.push(i);
    if (share > ratio) [worst, ratio] = [i, share];
  }
  return {
    ratios: ratiosOf(shares.subarray(0, count)),
    wrong,
    worst: worst < 0 ? null : placeAt(tensor, worst, expected, answered, bounds[worst]!, 'bound'),
    loose,
  };
}

/** Wrong numbers of a tensor, with the one that is furthest beyond its bound. */
interface Wrong {
  readonly worst: Place;
  readonly elements: readonly number[];
}

/** Makes one mismatch for each tensor with wrong numbers, about its worst number. */
function wrongTensors(all: readonly Wrong[], { tensors }: Allowed): Mismatch[] {
  const names = [...new Set(all.map(({ worst }) => worst.tensor))];
  return names.map((tensor) => {
    const own = all.filter(({ worst }) => worst.tensor === tensor);
    const { worst } = own.reduce((a, b) => (b.worst.ratio > a.worst.ratio ? b : a));
    const { by, answered, expected, element, ratio } = worst;
    const isOff = !Number.isFinite(answered) && Number.isFinite(expected);
    const kind = isOff ? 'not-finite' : by === 'projection' ? 'biased' : 'wrong';
    const wrong = own.length === 1 ? own[0]!.elements : [...new Set(own.flatMap(({ elements }) => elements))];
    const rest = `${wrong.length} of ${tensors[tensor]!.expected.length} numbers of it are wrong`;
    const howFar = `${ratio.toPrecision(2)} of what is allowed`;
    const message =
      kind === 'biased'
        ? `errors of many numbers together are ${howFar}; most of that comes from ${tensor}[${element}], which is ${answered}, not ${expected}`
        : `${tensor}[${element}] is ${answered}, not ${expected}: ${howFar}; ${rest}`;
    return { kind, tensor, message, worst, wrong };
  });
}
