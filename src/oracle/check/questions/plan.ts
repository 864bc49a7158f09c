/** @file Plans the sizes of a check's questions: most are small; in turn, axes are wide, sequences long, and memories lasting. */
import { hasAxisOf, hasGrowingStates, hasStates, isModel } from '../../axes.ts';
import { axisUpTo } from '../../draw.ts';
import type { Operator, Size } from '../../operator.ts';

/** What a question is about. */
type Kind = 'small' | 'wide' | 'long';

/** The kinds of ten questions in turn. */
const kinds: readonly Kind[] = ['small', 'wide', 'small', 'long', 'small', 'small', 'wide', 'small', 'small', 'small'];

/** The number of questions after which the plan repeats. */
export const cycle = 400;

/** The longest sequence of small questions, and of questions with wide axes. */
const [longestSmall, longestWide] = [17, 9];

/**
 * Lengths around the boundaries of blocks, in the order in which they are asked. The first ones show a carry lost at a boundary of 16 to
 * 128 tokens.
 */
const long = [65, 129, 33, 17, 64, 128, 16, 63, 31, 257, 127, 32, 255, 15, 256, 65, 129, 513];
/** The same where time grows with the square of the length. */
const longOfPairs = [65, 129, 33, 257, 17, 64, 16, 63, 31, 32, 128, 15, 127, 65, 33, 17, 64, 63];
/** The same for whole models, and where the state grows with every token. */
const longOfModels = [65, 33, 17, 64];
const longOfCaches = [65, 33, 17, 129, 16, 64, 31, 32, 15, 63];
/** The longest lengths. In ten long sequences there is one of them. */
const longest = [1025, 2049, 1023, 1024, 2047];
const longestIn = 10;
/** Where the first of the longest is among long sequences: later than the others, or first if a length was asked for. */
const [late, first] = [4, 0];

/** Lengths of wide axes around those of tiles, in the order in which they are asked. */
const widths = [5, 17, 8, 33, 65, 15, 31, 9, 16, 64, 32, 7, 6, 63];
const heads = [4, 17, 8, 32, 5, 9, 16, 33];
const batches = [3, 4, 5];
const lengthsOf = (letter: string): readonly number[] =>
  letter === 'b' ? batches : letter.startsWith('h') || letter.startsWith('g') ? heads : widths;

/** The letters whose axes may be wide. Widths of a whole model belong to its configuration. */
function lettersOf(operator: Operator): readonly string[] {
  if (isModel(operator)) return ['b'];
  const axes = operator.signature.inputs.flatMap(({ shapes }) => shapes.flat());
  return [...new Set(axes.flatMap(({ letters }) => letters))].filter((letter) => letter !== 't' && !/\d/.test(letter));
}

/** Whether the time of a mode grows with the square of the length: it compares all pairs of tokens, and a chunkwise mode does not. */
const isOfPairs = ({ modes }: Operator, mode: string): boolean => mode === 'parallel' && modes.chunkwise !== undefined;

/** Whether an operator, or that of the sequences of its batches, compares tokens with all before them. */
const isCache = (operator: Operator): boolean => hasGrowingStates(operator.batched?.of ?? operator);

/** The lengths of long sequences in a mode. `most` is the length that was asked for. */
function longLengths(operator: Operator, mode: string, most: number | undefined): readonly number[] {
  if (most !== undefined) {
    const below = long.filter((t) => t < most);
    return most > long.at(-1)! ? below : [most, ...below];
  }
  if (isModel(operator)) return longOfModels;
  if (isCache(operator)) return longOfCaches;
  return isOfPairs(operator, mode) ? longOfPairs : long;
}

/** The longest lengths in a mode. At default settings: only if a state is carried, in linear time. */
function longestLengths(operator: Operator, mode: string, most: number | undefined): readonly number[] {
  if (most !== undefined) return most <= long.at(-1)! ? [] : [most, ...longest.filter((t) => t < most)];
  const isLinear = hasStates(operator) && !isModel(operator) && !isCache(operator) && !isOfPairs(operator, mode);
  return isLinear ? longest : [];
}

/** One in this many long sequences is one of a whole model, which takes much time. */
const everyModel = 5;

/** Beyond the first length other axes are tiny, beyond the second one there is one sequence, one head and one state. */
const [tinyFrom, singleFrom] = [60, 200];

/** The size of a question, and its name: what has the same name in another mode of the operator has the same size. */
export interface Planned {
  readonly name: string;
  readonly size: Size;
}

/** A size with one length of sequences. */
function longSize(t: number, lasting: boolean): Planned {
  const most = (letter: string): number => (t > singleFrom && 'bhgn'.includes(letter[0]!) ? 1 : 2);
  const size: Size = {
    longest: t,
    lasting,
    axis: (letter, usual) =>
      letter === 't' ? axisUpTo(t) : t > tinyFrom ? usual.map((length) => Math.min(length, most(letter))) : undefined,
  };
  return { name: `long ${t} ${lasting}`, size };
}

/**
 * The size of question n of an operator in a mode. `most` is the length of the longest sequence that was asked for; by default it depends
 * on the time that the mode takes. About half of the memories last to the end of the longest sequence.
 */
export function planned(operator: Operator, mode: string, most: number | undefined, n: number): Planned {
  const kind = kinds[n % kinds.length]!;
  // how many questions of the kind came before
  const k =
    Math.floor(n / kinds.length) * kinds.filter((one) => one === kind).length +
    kinds.slice(0, n % kinds.length).filter((one) => one === kind).length;
  const upTo = (t: number): number => Math.min(t, most ?? t);
  const lasting = k % 2 === 0;
  const small = { name: `small ${lasting}`, size: { longest: upTo(longestSmall), lasting } };
  if (kind === 'small') return small;
  if (kind === 'wide') return wideSize(operator, upTo(longestWide), k);
  if (!hasAxisOf(operator, 'time', 'inputs') || (isModel(operator) && most === undefined && k % everyModel > 0))
    return small;
  const [common, rare] = [longLengths(operator, mode, most), longestLengths(operator, mode, most)];
  const place = k % longestIn;
  const ofLongest = rare.length === 0 ? -1 : most === undefined ? late : first;
  if (place === ofLongest) return longSize(rare[Math.floor(k / longestIn) % rare.length]!, true);
  const before = rare.length === 0 ? 0 : Math.floor(k / longestIn) + (place > ofLongest ? 1 : 0);
  const turn = isModel(operator) && most === undefined ? k / everyModel : k - before;
  return longSize(common[turn % common.length]!, k % 4 !== 3);
}

/** Of so few axes only one is wide. */
const fewLetters = 2;

/** A size with two wide axes, of different lengths, or one. Each axis gets each length in turn. */
function wideSize(operator: Operator, most: number, k: number): Planned {
  const letters = lettersOf(operator);
  const turn = Math.floor(k / letters.length);
  const wide = new Map<string, number>();
  for (const [after, ahead] of (letters.length > fewLetters ? [0, 7] : [0]).entries()) {
    const letter = letters[(k + after) % letters.length]!;
    const lengths = lengthsOf(letter);
    if (!wide.has(letter)) wide.set(letter, lengths[(turn + ahead) % lengths.length]!);
  }
  const size: Size = {
    longest: most,
    lasting: k % 2 === 0,
    axis(letter) {
      const length = wide.get(letter);
      return length === undefined ? undefined : axisUpTo(length);
    },
  };
  return { name: `wide ${k}`, size };
}
