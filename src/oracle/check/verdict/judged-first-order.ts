/** @file Judges numbers by first-order bounds: the most suspicious numbers alone, and all together by a weighted sum. */
import { type Rng, rng } from '../../../tensor/random.ts';
import type { Allowed } from './allowed.ts';
import { type Place, placeAt, ratioOf } from './place.ts';

/** A tensor of an answer, and its elements with loose running bounds. */
export interface ComparedTensor {
  readonly tensor: string;
  readonly answered: Float64Array;
  readonly loose: readonly number[];
}

/** The numbers of an answer, counted by the kind of bound that judged them. */
export interface Counts {
  /** Judged by a running bound that is not loose. */
  readonly byBound: number;
  /** Judged by their own first-order bound. */
  readonly byFirstOrder: number;
  /** Judged by the first-order bound of a weighted sum of all numbers. */
  readonly byProjection: number;
  /** Judged by no bound. */
  readonly none: number;
}

/** How many numbers of an answer are judged alone: the most suspicious ones, and random ones. */
const [mostSuspicious, byChance] = [4, 1];
/** An error may be this many times as large as those of right runs, if these are beyond the first-order bound. */
const mostOfRuns = 4;

/** An element, its error, and the usual size of its errors. */
interface Suspect {
  readonly of: ComparedTensor;
  readonly element: number;
  readonly isLoose: boolean;
  readonly error: number;
  /** The size of the errors of right runs, and the usual size, which has a floor. */
  readonly ofRuns: number;
  readonly usual: number;
}

/**
 * Judges an answer by first-order bounds, if any of its running bounds is loose. Each bound costs a backward pass, so only the most
 * unusual errors and one random error are judged alone. A weighted sum with weights ±1 / (usual error) then judges all together.
 */
export function judgeFirstOrder(
  allowed: Allowed,
  compared: readonly ComparedTensor[],
  seed: number,
): Counts & { readonly places: readonly Place[] } {
  const all = compared.reduce((count, { answered }) => count + answered.length, 0);
  const loose = compared.reduce((count, own) => count + own.loose.length, 0);
  if (loose === 0) return { places: [], byBound: all, byFirstOrder: 0, byProjection: 0, none: 0 };
  if (!allowed.isFirstOrder) {
    const unbounded = (sum: number, { tensor }: ComparedTensor): number =>
      sum + allowed.tensors[tensor]!.bounds.filter((bound) => bound === Number.POSITIVE_INFINITY).length;
    const none = compared.reduce(unbounded, 0);
    return { places: [], byBound: all - none, byFirstOrder: 0, byProjection: 0, none };
  }
  const draw = rng(seed);
  // the mode's roundings say nothing about the numbers of a form
  const ofMode = compared.filter(({ tensor }) => allowed.tensors[tensor]!.byForm === undefined);
  const suspects = ofMode.flatMap((of) => suspectsOf(allowed, of));
  const alone = choose(suspects, draw).flatMap((suspect) => {
    const found = aloneOf(allowed, suspect);
    return found === null ? [] : [{ ...found, suspect }];
  });
  const beyond = new Set(alone.filter(({ isBeyond }) => isBeyond).map(({ suspect }) => suspect));
  const together = projected(
    allowed,
    suspects.filter((suspect) => !beyond.has(suspect)),
    draw,
  );
  const places = alone.map(({ place }) => place);
  const byFirstOrder = alone.filter(({ suspect }) => suspect.isLoose).length;
  const byProjection = together === null ? 0 : suspects.filter(({ isLoose }) => isLoose).length - byFirstOrder;
  return {
    places: together === null ? places : [...places, together],
    byBound: all - loose,
    byFirstOrder,
    byProjection,
    none: loose - byFirstOrder - byProjection,
  };
}

/** Returns the elements that can be judged: those expected to be finite that do not overflow in right implementations. */
function suspectsOf({ tensors, profile, usualErrors }: Allowed, of: ComparedTensor): Suspect[] {
  const { expected } = tensors[of.tensor]!;
  const errors = usualErrors()[of.tensor]!;
  const size = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const loose = new Set(of.loose);
  return Array.from(expected, (want, element): Suspect => {
    // with a floor, because the estimate from a few runs may be too small by chance
    const usual = errors[element]! + profile.at.output.u * (Math.abs(want) + size / 1024);
    const error = ratioOf(of.answered[element]!, want, 1);
    return { of, element, isLoose: loose.has(element), error, ofRuns: errors[element]!, usual };
  }).filter(({ usual }) => Number.isFinite(usual));
}

/** The error relative to its usual size. */
const suspicion = ({ error, usual }: Suspect): number => (error === 0 ? 0 : error / usual);
const bySuspicion = (a: Suspect, b: Suspect): number => (suspicion(a) > suspicion(b) ? -1 : 1);

function choose(suspects: readonly Suspect[], { integer }: Rng): Suspect[] {
  const chosen = new Set(suspects.toSorted(bySuspicion).slice(0, mostSuspicious));
  for (let i = 0; i < byChance && suspects.length > 0; i++) chosen.add(suspects[integer(suspects.length)]!);
  return [...chosen];
}

/**
 * Judges one element by its own bound. Returns null if the bound is infinite or allows an overflow. `isBeyond`: right runs are beyond
 * the bound.
 */
function aloneOf(
  { tensors, profile, firstOrder }: Allowed,
  { of, element, ofRuns }: Suspect,
): { readonly place: Place; readonly isBeyond: boolean } | null {
  const { expected } = tensors[of.tensor]!;
  const alone = firstOrder({ [of.tensor]: new Float64Array(expected.length).with(element, 1) });
  // where right runs err more, products of roundings count, which a first-order bound leaves out
  const isBeyond = ofRuns > alone;
  const bound = isBeyond ? mostOfRuns * ofRuns : alone;
  if (!(Math.abs(expected[element]!) + bound <= profile.at.output.largest)) return null;
  return { place: placeAt(of.tensor, element, expected, of.answered, bound, 'first order'), isBeyond };
}

/** Judges the weighted sum of all errors, reported at the most suspicious element. Returns null if the sum has no bound. */
function projected({ tensors, firstOrder }: Allowed, suspects: readonly Suspect[], { integer }: Rng): Place | null {
  if (suspects.length === 0) return null;
  const weights: Record<string, Float64Array> = {};
  let [sum, most] = [0, suspects[0]!];
  for (const suspect of suspects) {
    const { of, element, usual } = suspect;
    const { expected } = tensors[of.tensor]!;
    weights[of.tensor] ??= new Float64Array(expected.length);
    const weight = (integer(2) === 0 ? 1 : -1) / (usual === 0 ? 1 : usual);
    weights[of.tensor]![element] = weight;
    if (suspect.error > 0) sum += weight * (of.answered[element]! - expected[element]!);
    if (suspicion(suspect) > suspicion(most)) most = suspect;
  }
  const bound = firstOrder(weights);
  if (bound === Number.POSITIVE_INFINITY) return null;
  const place = placeAt(
    most.of.tensor,
    most.element,
    tensors[most.of.tensor]!.expected,
    most.of.answered,
    bound,
    'projection',
  );
  return { ...place, ratio: ratioOf(sum, 0, bound) };
}
