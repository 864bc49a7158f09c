/** @file Finds the tightest coarser profile that explains the errors of a wrong answer. */
import { bounded, boundOf } from '../../../executors/bounded/index.ts';
import { coarserThan, type Profile } from '../../../executors/profiles/profile.ts';
import { rounded } from '../../../executors/rounded/index.ts';
import type { Executor, Value } from '../../../tensor/value.ts';
import type { Case } from '../../case.ts';
import type { Numbers } from '../../compare.ts';
import { asAnswered, evaluate, type Program } from '../../program.ts';

/** The number of rounded runs that show the usual size of a profile's errors. */
const runs = 4;
/** An answer's errors are of a profile's size if they are at most this many times larger or smaller than those of rounded runs. */
const alike = 8;
/** Errors larger than this share of a tensor's largest number come from no rounding that is worth a name. */
const mostOfNumber = 1 / 2;
/** Rounding makes errors in many numbers: an answer has at least one for this many in rounded runs. */
const spread = 2;

/** An answer to a case, the right one in double precision, and the bounds that it is beyond. */
export interface Compared {
  readonly c: Case;
  readonly answered: Numbers;
  readonly right: Numbers;
  readonly bounds: Numbers;
}

/**
 * Returns the first coarser profile whose implementations may give the answers: each error is within its bound, the errors of a
 * case together are as large as this profile's usually are, in some case at least, and as many numbers are wrong. The other conditions exclude faults that a loose
 * bound would hide, and errors so small that a finer format makes them. Null if there is none.
 */
export const tightestFit = (program: Program, answers: readonly Compared[], declared: Profile): Profile | null =>
  coarserThan(declared).find((profile) => explainsAll(profile, program, answers)) ?? null;

/** In a small case rounding may happen to err little, but not in all cases. */
function explainsAll(profile: Profile, program: Program, answers: readonly Compared[]): boolean {
  let isUsual = false;
  for (const answer of answers) {
    const fit = fitOf(profile, program, answer);
    if (fit === null) return false;
    isUsual ||= fit === 'usual';
  }
  return isUsual;
}

/** Whether a profile may give an answer, with errors as large as usual or smaller ones; null if it may not. */
function fitOf(profile: Profile, program: Program, { c, answered, right, bounds }: Compared): 'usual' | 'small' | null {
  const on = (executor: Executor, of: (x: Value) => Float64Array): Numbers =>
    Object.fromEntries(Object.entries(asAnswered(evaluate(program, c, executor))).map(([name, x]) => [name, of(x)]));
  const coarse = on(bounded(profile) as Executor, boundOf);
  const errors = errorsOf(answered, right);
  if (!errors.every(({ name, i, error }) => error <= coarse[name]![i]!)) return null;
  const wrongIn = (all: readonly ErrorAt[]): number =>
    all.filter(({ name, i, error }) => error > bounds[name]![i]!).length;
  const [size, wrong] = [sizeOf(errors, right), wrongIn(errors)];
  if (size > mostOfNumber) return null;
  let [usual, usuallyWrong] = [0, 0];
  for (let seed = 0; seed < runs; seed++) {
    const read = (x: Value): Float64Array => x.on.read(x.data) as Float64Array;
    const own = errorsOf(on(rounded(profile, c.seed + seed) as Executor, read), right, answered);
    usual = Math.max(usual, sizeOf(own, right));
    usuallyWrong = Math.max(usuallyWrong, wrongIn(own));
  }
  if (size > alike * usual || usuallyWrong > spread * Math.max(1, wrong)) return null;
  return usual <= alike * size ? 'usual' : 'small';
}

interface ErrorAt {
  readonly name: string;
  readonly i: number;
  readonly error: number;
}

/** The errors of all numbers, except where both are equal. Only tensors of the answer count. */
function errorsOf(numbers: Numbers, right: Numbers, answered: Numbers = numbers): ErrorAt[] {
  return Object.keys(answered).flatMap((name) =>
    Array.from(right[name] ?? [], (want, i): ErrorAt => {
      const have = numbers[name]![i]!;
      return { name, i, error: Object.is(have + 0, want + 0) || have === want ? 0 : Math.abs(have - want) };
    }),
  );
}

/** The size of errors: the root of the mean square, each relative to its tensor's largest number. */
function sizeOf(errors: readonly ErrorAt[], right: Numbers): number {
  const scale = Object.fromEntries(
    Object.entries(right).map(([name, data]) => [
      name,
      data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0) || 1,
    ]),
  );
  const finite = errors.filter(({ error }) => Number.isFinite(error));
  return Math.sqrt(
    finite.reduce((sum, { name, error }) => sum + (error / scale[name]!) ** 2, 0) / (finite.length || 1),
  );
}
