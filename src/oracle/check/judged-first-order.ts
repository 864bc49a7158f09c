/** @file Judges numbers with loose running bounds: the most suspicious ones alone, and all of them together. */
import { type Rng, rng } from '../../tensor/random.ts';
import type { Allowed } from './allowed.ts';
import { type Place, placeAt, ratioOf } from './place.ts';

/** A tensor of an answer, and the elements of which its running bounds say too little. */
export interface ComparedTensor {
  readonly tensor: string;
  readonly answered: Float64Array;
  readonly loose: readonly number[];
}

/** By what the numbers of an answer were judged. Of `none` of them nothing is promised. */
export interface Counts {
  /** Each by a running bound that says something. */
  readonly byBound: number;
  /** The others: each by a first-order bound of its own, */
  readonly byFirstOrder: number;
  /** by that of a weighted sum of all numbers. */
  readonly byProjection: number;
  readonly none: number;
}

/** How many numbers of an answer are looked at alone because they are the most suspicious, and how many by chance. */
const [mostSuspicious, byChance] = [4, 1];

/** An element, its error, and how large errors of it usually are. */
interface Suspect {
  readonly of: ComparedTensor;
  readonly element: number;
  readonly isLoose: boolean;
  readonly error: number;
  readonly usual: number;
}

/**
 * Holds an answer against first-order bounds, if running bounds say too little of any number of it. Each is a backward pass, so the
 * numbers whose errors are the most unusual are looked at alone, with some that chance picks, and then all of them in one projection,
 * whose weights are ±1 / (usual error).
 */
export function judgeFirstOrder(
  allowed: Allowed,
  compared: readonly ComparedTensor[],
  seed: number,
): Counts & { readonly places: readonly Place[] } {
  const all = compared.reduce((count, { answered }) => count + answered.length, 0);
  const loose = compared.reduce((count, own) => count + own.loose.length, 0);
  if (loose === 0) return { places: [], byBound: all, byFirstOrder: 0, byProjection: 0, none: 0 };
  const draw = rng(seed);
  const suspects = compared.flatMap((of) => suspectsOf(allowed, of));
  const alone = choose(suspects, draw).flatMap((suspect) => {
    const place = aloneOf(allowed, suspect);
    return place === null ? [] : [{ place, isLoose: suspect.isLoose }];
  });
  const together = projected(allowed, suspects, draw);
  const places = alone.map(({ place }) => place);
  const byFirstOrder = alone.filter(({ isLoose }) => isLoose).length;
  const byProjection = together === null ? 0 : suspects.filter(({ isLoose }) => isLoose).length - byFirstOrder;
  return {
    places: together === null ? places : [...places, together],
    byBound: all - loose,
    byFirstOrder,
    byProjection,
    none: loose - byFirstOrder - byProjection,
  };
}

/** The elements of which anything is known: where no number is to be expected, or right implementations overflow, nothing is. */
function suspectsOf({ tensors, precision, usualErrors }: Allowed, of: ComparedTensor): Suspect[] {
  const { expected } = tensors[of.tensor]!;
  const errors = usualErrors()[of.tensor]!;
  const size = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const loose = new Set(of.loose);
  return Array.from(expected, (want, element): Suspect => {
    // one run's error may be small by chance
    const usual = errors[element]! + precision.u * (Math.abs(want) + size / 1024);
    return { of, element, isLoose: loose.has(element), error: ratioOf(of.answered[element]!, want, 1), usual };
  }).filter(({ usual }) => Number.isFinite(usual));
}

/** How unusual an error is. */
const suspicion = ({ error, usual }: Suspect): number => (error === 0 ? 0 : error / usual);
const bySuspicion = (a: Suspect, b: Suspect): number => (suspicion(a) > suspicion(b) ? -1 : 1);

function choose(suspects: readonly Suspect[], { integer }: Rng): Suspect[] {
  const chosen = new Set(suspects.toSorted(bySuspicion).slice(0, mostSuspicious));
  for (let i = 0; i < byChance && suspects.length > 0; i++) chosen.add(suspects[integer(suspects.length)]!);
  return [...chosen];
}

/** An element beside its own bound; null where that is infinite or lets it leave the format. */
function aloneOf({ tensors, precision, firstOrder }: Allowed, { of, element }: Suspect): Place | null {
  const { expected } = tensors[of.tensor]!;
  const bound = firstOrder({ [of.tensor]: new Float64Array(expected.length).with(element, 1) });
  if (!(Math.abs(expected[element]!) + bound <= precision.largest)) return null;
  return placeAt(of.tensor, element, expected, of.answered, bound, 'first order');
}

/** All elements, weighted and added; stands for the one that contributes the most. Null where their sum has no bound. */
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
