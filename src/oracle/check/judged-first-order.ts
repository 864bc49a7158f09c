/** @file Judging the numbers of which running bounds say too little: the most suspicious alone, all of them together. */
import { type Rng, rng } from '../../tensor/random.ts';
import type { Allowed } from './allowed.ts';
import { type Place, placeAt, ratioOf } from './place.ts';

/** Elements of a tensor that first order is asked about. */
export interface Open {
  readonly tensor: string;
  readonly answered: Float64Array;
  readonly elements: readonly number[];
}

/** What came of them: how many were looked at alone, how many in the projection only, and how many not at all. */
export interface FirstOrderJudgement {
  readonly places: readonly Place[];
  readonly compared: { readonly byFirstOrder: number; readonly byProjection: number; readonly none: number };
}

/** How many numbers of an answer are looked at alone because they are the most suspicious, and how many by chance. */
const [mostSuspicious, byChance] = [3, 1];

/** An element, its error, and how large errors of it usually are. */
interface Suspect {
  readonly of: Open;
  readonly element: number;
  readonly error: number;
  readonly usual: number;
}

/**
 * Holds numbers against first-order bounds, each of which is a backward pass: those whose errors are the most unusual alone, with
 * some that chance picks, and then all in one projection, whose weights are ±1 / (usual error).
 */
export function judgeFirstOrder(allowed: Allowed, open: readonly Open[], seed: number): FirstOrderJudgement {
  if (open.length === 0) return { places: [], compared: { byFirstOrder: 0, byProjection: 0, none: 0 } };
  const draw = rng(seed);
  const suspects = open.flatMap((of) => suspectsOf(allowed, of));
  const chosen = choose(suspects, draw);
  const alone = [...chosen].flatMap((suspect) => aloneOf(allowed, suspect));
  const together = projected(allowed, suspects, draw);
  const all = open.reduce((count, { elements }) => count + elements.length, 0);
  const byProjection = together === null ? 0 : suspects.length - alone.length;
  return {
    places: together === null ? alone : [...alone, together],
    compared: { byFirstOrder: alone.length, byProjection, none: all - alone.length - byProjection },
  };
}

/** The elements of which anything is known: where no number is to be expected, or right implementations overflow, nothing is. */
function suspectsOf({ tensors, precision, usualErrors }: Allowed, of: Open): Suspect[] {
  const { expected } = tensors[of.tensor]!;
  const errors = usualErrors()[of.tensor]!;
  const size = of.elements.reduce((most, i) => Math.max(most, Math.abs(expected[i]!)), 0);
  return of.elements.flatMap((element): Suspect[] => {
    const want = expected[element]!;
    const error = ratioOf(of.answered[element]!, want, 1);
    // one run's error may be small by chance
    const usual = errors[element]! + precision.u * (Math.abs(want) + size / 1024);
    return Number.isFinite(usual) ? [{ of, element, error, usual }] : [];
  });
}

/** How unusual an error is. */
const suspicion = ({ error, usual }: Suspect): number => (error === 0 ? 0 : error / usual);
const bySuspicion = (a: Suspect, b: Suspect): number => (suspicion(a) > suspicion(b) ? -1 : 1);

function choose(suspects: readonly Suspect[], { integer }: Rng): Set<Suspect> {
  const chosen = new Set(suspects.toSorted(bySuspicion).slice(0, mostSuspicious));
  for (let i = 0; i < byChance && suspects.length > 0; i++) chosen.add(suspects[integer(suspects.length)]!);
  return chosen;
}

/** An element beside its own bound, if that is finite and keeps it inside the format. */
function aloneOf({ tensors, precision, firstOrder }: Allowed, { of, element }: Suspect): Place[] {
  const { expected } = tensors[of.tensor]!;
  const bound = firstOrder({ [of.tensor]: new Float64Array(expected.length).with(element, 1) });
  const fits = Math.abs(expected[element]!) + bound <= precision.largest;
  return fits ? [placeAt(of.tensor, element, expected, of.answered, bound, 'first order')] : [];
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
