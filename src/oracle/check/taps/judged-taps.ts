/** @file Judges the taps of an answer: each by what the mode computes of those before it. */
import type { Profile } from '../../../executors/profiles/profile.ts';
import type { StoredTensor } from '../../../io/safetensors.ts';
import { plain } from '../../../io/text.ts';
import { didYouMean } from '../../../tensor/names.ts';
import { sameShape, show } from '../../../tensor/shape.ts';
import { answerTypes } from '../../backends/backend.ts';
import type { Operator } from '../../operator.ts';
import { tapsOf } from '../../taps.ts';
import { type Allowed, allowedFor } from '../verdict/allowed.ts';
import { computationOf } from '../verdict/large.ts';
import { type Asked, alternativesTo, type Limit } from '../verdict/verdict.ts';
import { type ComparedTap, restarting } from './restarted.ts';

type Answered = ReadonlyMap<string, StoredTensor>;

/** A tap that was not compared. */
interface UnfitTap {
  readonly name: string;
  /** The sentence that says why. */
  readonly says: string;
}

/** The taps of an answer, as they compare. */
export interface JudgedTaps {
  /** The taps that were compared, in the order in which the mode computes them. */
  readonly compared: readonly ComparedTap[];
  /** The taps that were not. */
  readonly unfit: readonly UnfitTap[];
  /** What is allowed to the rest of the answer, computed from the taps; with gradients only if they are asked for. */
  readonly after: () => Allowed;
}

/** The tensors of an answer that are results, and its taps, whose names have no prefix then. */
export function apart(answered: Answered): { readonly results: Answered; readonly taps: Answered } {
  const isTap = (name: string): boolean => name.startsWith('tap/');
  const all = [...answered];
  const taps = all.filter(([name]) => isTap(name)).map(([name, x]) => [name.slice('tap/'.length), x] as const);
  return { results: taps.length === 0 ? answered : new Map(all.filter(([name]) => !isTap(name))), taps: new Map(taps) };
}

/** Whether some numbers of a tap were compared, and all are right. */
export const isRightTap = ({ first, compared }: ComparedTap): boolean => first === null && compared > 0;

/** Whether a tap diverges. */
export const isDivergent = ({ first }: ComparedTap): boolean => first !== null;

/**
 * Judges the taps of an answer. Where some diverge, the mode's other formulas and coarser profiles are tried too, as a kernel may compute by any of them: the one
 * counts by which the fewest do.
 */
export function judgedTaps(operator: Operator, asked: Asked, profiles: readonly Profile[], taps: Answered): JudgedTaps {
  const { fit, unfit } = fitting(operator, asked, taps);
  if (fit.size === 0) return { compared: [], unfit, after: () => allowedFor(operator, asked) };
  const run = (one: Asked, limit: Limit | null) => {
    const restart = (gradients: boolean) => {
      const run = restarting(tapsOf(operator, one.mode, one.c), fit, { profile: one.profile, limit });
      return { allowed: allowedFor(operator, { ...one, gradients, through: run.through }), compared: run.compared() };
    };
    return { compared: restart(false).compared, after: () => restart(one.gradients).allowed };
  };
  let best = run(asked, null);
  for (const { limit, ...one } of formulas(operator, asked, profiles)) {
    if (!best.compared.some(isDivergent)) break;
    const other = run(one, limit);
    const isComplete = countOf(other.compared) >= countOf(best.compared);
    if (isComplete && divergence(other.compared) < divergence(best.compared)) best = other;
  }
  const known = new Set(best.compared.map(({ tap }) => tap.name));
  const reason = asked.form === undefined ? 'it is computed in another shape here' : `the form ${asked.form} has none`;
  const left = [...fit.keys()].filter((name) => !known.has(name)).map((name) => notCompared(name, reason));
  return { ...best, unfit: [...unfit, ...left] };
}

/** How many numbers were compared. */
const countOf = (taps: readonly ComparedTap[]): number => taps.reduce((sum, { compared }) => sum + compared, 0);

/** How much diverges: how many taps, then what share of their numbers. */
const divergence = (compared: readonly ComparedTap[]): number =>
  compared.reduce((sum, { wrong, compared: all }) => sum + (wrong === 0 ? 0 : 1 + wrong / (all + 1)), 0);

/** A question, and the limit on the bounds of its formula. */
interface Limited extends Asked {
  readonly limit: Limit | null;
}

/** The question in other formulas of its mode, and at coarser profiles. Where a form is declared, only that counts. */
function* formulas(operator: Operator, asked: Asked, profiles: readonly Profile[]): Generator<Limited> {
  for (const profile of [asked.profile, ...profiles.slice(profiles.indexOf(asked.profile) + 1)]) {
    const one = { ...asked, profile };
    if (profile !== asked.profile) yield { ...one, limit: null };
    if (asked.form !== undefined) continue;
    yield* alternativesTo(operator, one)
      .map(({ computed, limit }) => ({ ...computed(one), limit }))
      .filter(({ mode, c }) => mode === asked.mode && c === asked.c);
  }
}

const notCompared = (name: string, reason: string): UnfitTap => ({
  name,
  says: `tap ${plain(name, 40)} is not compared: ${reason}`,
});

/** The taps that can be compared, and the others. */
function fitting(operator: Operator, { mode, dtype, c }: Asked, taps: Answered): { fit: Answered; unfit: UnfitTap[] } {
  const known = tapsOf(operator, mode, c);
  const types: readonly string[] = answerTypes(dtype, true);
  const isOther = computationOf(operator, mode, c).standIn !== undefined;
  const reasonAgainst = (name: string, type: string, shape: readonly number[]): string | null => {
    const tap = Object.hasOwn(known, name) ? known[name] : undefined;
    if (operator.batched !== undefined) return 'the sequences have unequal lengths';
    if (tap === undefined) return noSuchTap(operator, mode, name);
    if (!types.includes(type)) return `it has the type ${type}, not ${types.join(' or ')}`;
    if (!sameShape(shape, tap.shape))
      return `it has shape ${show(shape)}, not ${show(tap.shape)}, its [${tap.letters.join(', ')}]`;
    return isOther ? 'the case is too large for this mode' : null;
  };
  const reasons = [...taps].map(([name, { dtype: type, shape }]) => [name, reasonAgainst(name, type, shape)] as const);
  const unfit = reasons.flatMap(([name, reason]) => (reason === null ? [] : [notCompared(name, reason)]));
  const isFit = new Set(reasons.flatMap(([name, reason]) => (reason === null ? [name] : [])));
  return { fit: new Map([...taps].filter(([name]) => isFit.has(name))), unfit };
}

function noSuchTap({ name: operator, taps }: Operator, mode: string, name: string): string {
  const names = Object.keys(taps?.[mode] ?? {});
  if (names.length === 0) return `${operator} has no taps in the mode ${mode}`;
  return `the mode ${mode} has the taps ${names.join(', ')}${didYouMean(name, names)}`;
}
