/** @file Judges an answer: each number against its bound, and tensors that cannot be compared by name. */
import type { StoredTensor } from '../../io/safetensors.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { Allowed, AllowedTensor } from './allowed.ts';
import { type ComparedTensor, type Counts, judgeFirstOrder } from './judged-first-order.ts';
import { type Place, placeAt, ratioOf } from './place.ts';
import { type Ratios, ratiosOf } from './ratios.ts';

/**
 * An error in a tensor of an answer. `missing`, `extra`, `shape`, `dtype`: it cannot be compared. `not-finite`: NaN or ∞ where
 * neither belongs. `wrong`: numbers beyond their bounds. `biased`: no number alone, but many together are beyond what roundings do.
 */
export interface Mismatch {
  readonly kind: 'missing' | 'extra' | 'shape' | 'dtype' | 'not-finite' | 'wrong' | 'biased';
  readonly tensor: string;
  /** One sentence that names the tensor and both sides. */
  readonly message: string;
  /** The numbers that are known to be wrong. */
  readonly places: readonly Place[];
}

/** The judgement of an answer. */
export interface Judgement {
  readonly mismatches: readonly Mismatch[];
  /** The worst |error| / bound; ∞ where a tensor cannot be compared. Right when at most 1. */
  readonly ratio: number;
  /** The worst number; null where all are exactly right. */
  readonly worst: Place | null;
  /** |error| / bound of every number that was compared alone with a bound that is neither 0 nor loose. */
  readonly ratios: Ratios;
  readonly compared: Counts;
}

/** Whether an answer is right. */
export const isRightAnswer = ({ mismatches }: Judgement): boolean => mismatches.length === 0;

/** A running bound above this many units of round-off of the tensor's largest number is loose. */
const looseUnits = 2 ** 14;

/**
 * Judges an answer to a question: every number against its running bound; where some of those say too little, all are looked at to
 * first order as well. `seed` chooses what is looked at where not everything can be.
 */
export function judged(allowed: Allowed, answered: ReadonlyMap<string, StoredTensor>, seed: number): Judgement {
  const unfit = unfitTensors(allowed, answered);
  const known = new Set(unfit.map(({ tensor }) => tensor));
  const compared: ComparedTensor[] = [];
  const [ratios, wrong]: [number[], Place[]] = [[], []];
  let worst: Place | null = null;
  for (const [tensor, own] of Object.entries(allowed.tensors)) {
    if (known.has(tensor)) continue;
    const { data } = answered.get(tensor)!;
    const running = againstBounds(tensor, own, data, looseUnits * allowed.precision.u);
    compared.push({ tensor, answered: data, loose: running.loose });
    ratios.push(...running.ratios);
    wrong.push(...running.wrong);
    worst = worseOf(worst, running.worst);
  }
  const { places, ...counts } = judgeFirstOrder(allowed, compared, seed);
  for (const place of places) {
    worst = worseOf(worst, place);
    if (place.by !== 'projection') ratios.push(place.ratio);
    if (place.ratio > 1) wrong.push(place);
  }
  return {
    mismatches: [...unfit, ...wrongTensors(wrong, allowed)],
    ratio: unfit.length > 0 ? Number.POSITIVE_INFINITY : (worst?.ratio ?? 0),
    worst,
    ratios: ratiosOf(ratios),
    compared: counts,
  };
}

const worseOf = (a: Place | null, b: Place | null): Place | null =>
  a === null || (b !== null && b.ratio > a.ratio) ? b : a;

/** Tensors that cannot be compared. */
function unfitTensors({ tensors, dtype }: Allowed, answered: ReadonlyMap<string, StoredTensor>): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const find = (kind: Mismatch['kind'], tensor: string, message: string): void => {
    mismatches.push({ kind, tensor, message: `${tensor} ${message}`, places: [] });
  };
  for (const [tensor, { shape }] of Object.entries(tensors)) {
    const have = answered.get(tensor);
    if (have === undefined) find('missing', tensor, 'is missing');
    else if (have.dtype !== dtype) find('dtype', tensor, `has the type ${have.dtype}, not ${dtype}`);
    else if (!sameShape(have.shape, shape)) find('shape', tensor, `has shape ${show(have.shape)}, not ${show(shape)}`);
  }
  for (const tensor of answered.keys()) if (!(tensor in tensors)) find('extra', tensor, 'was not asked for');
  return mismatches;
}

/** Compares the numbers of a tensor with their running bounds. */
function againstBounds(
  tensor: string,
  { expected, bounds }: AllowedTensor,
  answered: Float64Array,
  looseShare: number,
): { ratios: number[]; wrong: Place[]; worst: Place | null; loose: number[] } {
  let size = 0;
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) size = Math.max(size, Math.abs(expected[i]!));
  const [ratios, wrong, loose]: [number[], Place[], number[]] = [[], [], []];
  let [worst, ratio] = [-1, 0];
  for (let i = 0; i < expected.length; i++) {
    const bound = bounds[i]!;
    const isLoose = bound > looseShare * size;
    if (isLoose) loose.push(i);
    if (bound === Number.POSITIVE_INFINITY) continue;
    const share = ratioOf(answered[i]!, expected[i]!, bound);
    if (bound > 0 && !isLoose) ratios.push(share);
    if (share > 1) wrong.push(placeAt(tensor, i, expected, answered, bound, 'bound'));
    if (share > ratio) [worst, ratio] = [i, share];
  }
  return {
    ratios,
    wrong,
    worst: worst < 0 ? null : placeAt(tensor, worst, expected, answered, bounds[worst]!, 'bound'),
    loose,
  };
}

/** One finding for each tensor that has wrong numbers, about the worst of them. */
function wrongTensors(places: readonly Place[], { tensors }: Allowed): Mismatch[] {
  const names = [...new Set(places.map(({ tensor }) => tensor))];
  return names.map((tensor) => {
    const own = places.filter((place) => place.tensor === tensor);
    const worst = own.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const { by, answered, expected, element, ratio } = worst;
    const isOff = !Number.isFinite(answered) && Number.isFinite(expected);
    const kind = isOff ? 'not-finite' : by === 'projection' ? 'biased' : 'wrong';
    const count = new Set(own.map((place) => place.element)).size;
    const rest = `${count} of ${tensors[tensor]!.expected.length} numbers of it are wrong`;
    const howFar = `${ratio.toPrecision(2)} of what is allowed`;
    const message =
      kind === 'biased'
        ? `errors of many numbers together are ${howFar}; most of that comes from ${tensor}[${element}], which is ${answered}, not ${expected}`
        : `${tensor}[${element}] is ${answered}, not ${expected}: ${howFar}; ${rest}`;
    return { kind, tensor, message, places: own };
  });
}
