/** @file Asks neighbours of a failing case: other lengths, states and cotangents of zeros. Says where the failure ends. */
import { isModel, longestIn } from '../../axes.ts';
import type { Case } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import { type Inquiry, isOf, type JudgedAnswer } from '../inquiry.ts';
import { some } from './along.ts';
import { leaksBetween } from './between.ts';
import type { Failing } from './contrast/contrast.ts';
import { leaks } from './leaks.ts';
import { lengthsOf, resized } from './resized.ts';
import { ofStates, variants } from './variants.ts';

/** What sees what it must not: sequences of a batch, or tokens, sequences and heads of equal lengths. */
const between = (inquiry: Inquiry, first: Failing): Promise<string[]> =>
  (inquiry.operator.batched === undefined ? leaks : leaksBetween)(inquiry, first);

/** The most questions, the most for an axis of tokens or another, and the most milliseconds: of questions, and of compiling before. */
const limits = { questions: 48, ofTokens: 20, ofOthers: 8, milliseconds: 6000, compiling: 1000 };

/** Lengths at which programs change: small ones, and powers of two with their neighbours. */
const usual = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257];

/** Lengths that programs divide into, for axes that seem not to matter. */
const powers = [2, 4, 8, 16];

/** Whether a case fails in the way that is looked at; null if it cannot be asked. */
type Asked = (c: Case) => Promise<boolean | null>;

/** Asks neighbours of the first of the failing cases. `smallest` says which lengths matter. Returns a sentence for each that tells something. */
export async function neighbours(
  inquiry: Inquiry,
  failing: readonly [Failing, ...Failing[]],
  smallest: Failing,
  end = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const { operator, mode } = inquiry;
  const [first] = failing;
  const until = Math.min(end, performance.now() + limits.milliseconds);
  let left = limits.questions;
  const fails: Asked = async (c) => {
    if (left <= 0 || performance.now() > until || !operator.admits(c.settings, mode)) return null;
    left--;
    try {
      const outcome = await inquiry.ask(c, true);
      // no time is left for others either
      if (outcome.is === 'cut') left = 0;
      if (outcome.is === 'wrong') {
        if (isOf(outcome.wrong, first.wrong.kind)) return true;
        // other tensors may be wrong for other reasons
        return outcome.wrong.judged === null || first.wrong.judged === null ? null : false;
      }
      return outcome.is === 'right' && !isTrivial(outcome.judged, first.wrong.kind) ? false : null;
    } catch {
      // the definition does not allow this length
      return null;
    }
  };
  // each length may be compiled anew
  const isSlow = inquiry.timing().compiling > limits.compiling;
  const lengths = isSlow ? [] : await atLengths(inquiry, first.c, smallest.c, fails);
  return [
    ...lengths.map((one) => `at other lengths: ${one}`),
    ...(await atValues(inquiry, failing, smallest.c, fails)),
    ...(left > 0 && performance.now() < until ? await between(inquiry, first) : []),
  ];
}

/** Whether the tensor of a kind of failure has zeros only: an answer that computes nothing is right then. */
function isTrivial({ allowed }: JudgedAnswer, kind: string): boolean {
  const [, expected] = Object.entries(allowed.tensors).find(([name]) => kind.endsWith(` ${name}`)) ?? [];
  return expected?.expected.every((x) => x === 0) ?? false;
}

const isOfBatch = (letter: string): boolean => letter === 'b' || letter === 't';

async function atLengths({ operator }: Inquiry, first: Case, smallest: Case, fails: Asked): Promise<string[]> {
  const [lengths, least] = [lengthsOf(operator, first), lengthsOf(operator, smallest)];
  const letters = Object.keys(lengths).filter(
    (letter) =>
      /[a-z]/.test(letter) &&
      // other tokens or sequences make another batch
      (operator.batched === undefined || !isOfBatch(letter)) &&
      (!isModel(operator) || isOfBatch(letter)),
  );
  const sentences: string[] = [];
  for (const letter of letters.sort((a, b) => Number(b === 't') - Number(a === 't'))) {
    const [long, short] = [lengths[letter]!, least[letter] ?? 1];
    // an axis that could be cut to one position matters only where failures end at more
    const count = letter === 't' ? limits.ofTokens : short === 1 && long > 1 ? 0 : limits.ofOthers;
    const lengthsToTry = count === 0 ? powers.filter((length) => length !== long) : candidates(long, short, count);
    const tried = new Map<number, boolean>([[long, true]]);
    for (const length of lengthsToTry) {
      const c = resized(operator, first, letter, length);
      const outcome = c === null ? null : await fails(c);
      if (outcome !== null) tried.set(length, outcome);
    }
    // what is right of the first case may be wrong of the smallest, which its numbers decide
    if (letter in least) tried.set(short, true);
    const right = [...tried].filter(([, isWrong]) => !isWrong).map(([length]) => length);
    for (const length of nearestTo(short, right).slice(0, confirmed)) {
      const c = letter in least ? resized(operator, smallest, letter, length) : null;
      if (c !== null && (await fails(c)) === true) tried.set(length, true);
    }
    const sentence = ofLengths(letter, tried);
    if (sentence !== null) sentences.push(sentence);
  }
  return sentences;
}

/** At so many lengths at which the first case is right the smallest one is asked too. */
const confirmed = 2;

const nearestTo = (length: number, lengths: readonly number[]): number[] =>
  [...lengths].sort((a, b) => Math.abs(a - length) - Math.abs(b - length));

/** The lengths to try, nearest to those that matter first. */
function candidates(long: number, short: number, count: number): number[] {
  const near = [long - 1, long + 1, short - 1, short, short + 1, 2 * short, 2 * short + 1];
  const small = usual.filter((length) => length <= Math.max(long, 16) + 1);
  return [...new Set([...near, ...small.toReversed()])]
    .filter((length) => length > 0 && length !== long)
    .slice(0, count);
}

/** Says at which lengths it fails; null if no length is right. */
export function ofLengths(letter: string, tried: ReadonlyMap<number, boolean>): string | null {
  const sorted = [...tried].sort(([a], [b]) => a - b);
  const wrong = sorted.filter(([, fails]) => fails).map(([length]) => length);
  const right = sorted.filter(([, fails]) => !fails).map(([length]) => length);
  if (right.length === 0 || wrong.length === 0) return null;
  const tell = (what: string): string => `${what} (wrong at ${some(wrong)}; right at ${some(right)})`;
  if (right.at(-1)! < wrong[0]!)
    return `right up to ${letter} = ${right.at(-1)}, wrong from ${letter} = ${wrong[0]} on`;
  if (wrong.at(-1)! < right[0]!)
    return `wrong up to ${letter} = ${wrong.at(-1)}, right from ${letter} = ${right[0]} on`;
  const [ofWrong, ofRight] = [wrong.reduce(gcd), right.reduce(gcd)];
  if (isEnough(wrong, ofWrong) && right[0]! < ofWrong && right.every((length) => length % ofWrong !== 0)) {
    return tell(`wrong where ${letter} is a multiple of ${ofWrong}`);
  }
  if (isEnough(right, ofRight) && wrong[0]! < ofRight && wrong.every((length) => length % ofRight !== 0)) {
    return tell(`right only where ${letter} is a multiple of ${ofRight}`);
  }
  // other patterns may come from the numbers of the case
  const isBetween = right.every((length) => length < wrong[0]! || length > wrong.at(-1)!);
  return isBetween ? tell(`wrong only at some lengths of ${letter}`) : null;
}

/** Whether lengths with a common divisor are no chance. Shorter ones must have been tried too. */
const isEnough = (lengths: readonly number[], divisor: number): boolean =>
  divisor > 1 && lengths.length > (divisor < 8 ? 2 : 1);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Asks variants of the first case, and says where it is right, unless that is false of the smallest one. */
async function atValues(
  { operator }: Inquiry,
  failing: readonly [Failing, ...Failing[]],
  smallest: Case,
  fails: Asked,
): Promise<string[]> {
  const [first] = failing;
  const isGradient = first.wrong.kind.includes('grad/');
  const ofSmallest = variants(smallest, isGradient);
  const sentences: string[] = [];
  for (const { says, c, isFalse } of variants(first.c, isGradient)) {
    if (isFalse(smallest) || (await fails(c)) !== false) continue;
    const same = ofSmallest.find((one) => one.says === says);
    if (same === undefined || (await fails(same.c)) !== true) sentences.push(says);
  }
  const ofState = ofStates(operator, smallest) && (await rightWithoutStates(operator, failing, fails));
  return [...(ofState === null ? [] : [ofState]), ...sentences];
}

/** So many failing cases of two tokens or more must be right where their states are zeros. */
const fewestOfStates = 3;

/** Says that states of zeros make failing cases right: all of them, and several of more than one token. Null if not. */
async function rightWithoutStates(
  operator: Operator,
  failing: readonly Failing[],
  fails: Asked,
): Promise<string | null> {
  const all = failing.map(({ c }) => ({ long: longestIn(operator, c) > 1, variant: ofStates(operator, c) }));
  const long = all.filter((one) => one.long);
  const says = new Set(all.map(({ variant }) => variant?.says));
  if (long.length < fewestOfStates || says.size > 1) return null;
  for (const { variant } of long) if (variant === null || (await fails(variant.c)) !== false) return null;
  return long[0]?.variant?.says ?? null;
}
