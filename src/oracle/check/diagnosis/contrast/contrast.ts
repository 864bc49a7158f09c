/** @file Finds what a wrong answer is instead of the right one: the answer to another question, or the right numbers altered. */
import { f64 } from '../../../../executors/f64/index.ts';
import { read } from '../../../../tensor/input.ts';
import { sizeOf } from '../../../../tensor/shape.ts';
import { axisOf } from '../../../axes.ts';
import type { Case } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import { asAnswered, evaluate } from '../../../program.ts';
import type { Inquiry, JudgedAnswer, WrongAnswer } from '../../inquiry.ts';
import type { Contrast } from '../../row.ts';
import { lengthsOf } from '../resized.ts';
import { namedAxes, tensorOf } from '../where.ts';
import { type Altered, altered, type Confused, noNumbers } from './altered.ts';
import type { OtherAnswer, Subject } from './other-answer.ts';
import { otherQuestions } from './other-questions.ts';

/** A case and the wrong answer to it. */
export interface Failing {
  readonly c: Case;
  readonly wrong: WrongAnswer;
}

/** A failing case with a judged answer. */
interface Judged extends JudgedAnswer {
  readonly c: Case;
}

/** The time for a search, in milliseconds. */
const searchTime = 8000;
/** Answers of more numbers are too slow to compute again and again. */
const computable = 50_000;
/** An explanation must hold for this many wrong numbers. */
const fewestNumbers = 3;

/**
 * Finds what the wrong tensors of failing cases are. Each explanation holds in all these cases. Prefers the texts in `known`.
 */
export function contrasts(
  { operator, mode }: Inquiry,
  failing: readonly Failing[],
  known: ReadonlySet<string> = new Set(),
): Contrast[] {
  const subject: Subject = {
    operator,
    mode,
    right: (c) => numbersOf(asAnswered(evaluate(operator.modes[mode]!, c, f64))),
  };
  const usual = failing.filter(({ c }) => c.values !== 'wide');
  // numbers of many sizes hide what is plain on others
  const all = (usual.length > 1 ? usual : failing)
    .flatMap(({ c, wrong: { judged } }): Judged[] => (judged === null ? [] : [{ ...judged, c }]))
    .sort((a, b) => worth(b) - worth(a));
  const [base = all[0], ...others] = all.filter((one) => sizeOfAnswer(one) <= computable);
  if (base === undefined) return [];
  const until = performance.now() + searchTime;
  const left = new Set(wrongTensors(base));
  const block = firstWrongToken(subject, base);
  const fitting = new Map<string, string[]>();
  const details = new Map<string, string>();
  const note = (says: string, tensors: readonly string[]): void => {
    const own = tensors.filter((tensor) => holds(subject, says, tensor, base, others, block));
    if (own.length > 0) fitting.set(says, own);
  };
  const consistent = new Set<string>();
  // that a tensor is zeros says more than a question for which it would be
  const zeros = [...left].filter(
    (tensor) => isZeros(base, tensor) && holds(subject, noNumbers, tensor, base, others, block),
  );
  for (const tensor of zeros) left.delete(tensor);
  for (const other of sizeOfAnswer(base) > computable ? [] : otherQuestions(subject, base.c, block)) {
    if (performance.now() > until) break;
    const numbers = attempt(other);
    note(other.says, fits(numbers, base, [...left]));
    if (fitting.has(other.says) && isRightElsewhere(numbers!, base)) consistent.add(other.says);
    // nothing explains more than everything
    if (known.size === 0 && consistent.has(other.says) && fitting.get(other.says)!.length === left.size) break;
  }
  for (const tensor of left) {
    for (const { says, data, detail } of ofTensor(subject, base, tensor)) {
      if (fits({ [tensor]: data }, base, [tensor]).length === 0) continue;
      if (!holds(subject, says, tensor, base, others, block)) continue;
      fitting.set(says, [...new Set([...(fitting.get(says) ?? []), tensor])]);
      if (detail !== undefined) details.set(says, detail);
    }
  }
  const found = chosen(fitting, left, consistent, known).map((one) => ({
    ...one,
    ...(details.has(one.says) && { detail: details.get(one.says)! }),
  }));
  const told = found.filter((one) => isPlausible(one, base));
  return zeros.length === 0 ? told : [...told, { says: noNumbers, tensors: zeros }];
}

/**
 * Whether an explanation is no coincidence. Where outputs are wrong too, another question explains gradients only if it explains an
 * output, and a factor that has no name explains no gradient.
 */
const isPlausible = ({ says, tensors }: Contrast, base: Judged): boolean => {
  const isOutput = (tensor: string): boolean => tensor.startsWith('out/');
  return (isOfAnswer(says) && !isOfAnyFactor(says)) || tensors.some(isOutput) || !wrongTensors(base).some(isOutput);
};

/** Chooses known explanations first, then those of most tensors. One that is consistent with all tensors counts twice. */
function chosen(
  fitting: ReadonlyMap<string, readonly string[]>,
  left: Set<string>,
  consistent: ReadonlySet<string>,
  known: ReadonlySet<string>,
): Contrast[] {
  const found: Contrast[] = [];
  while (left.size > 0) {
    let [best, most]: [Contrast | null, number] = [null, 0];
    for (const [says, tensors] of fitting) {
      const own = tensors.filter((tensor) => left.has(tensor));
      if (own.length === 0) continue;
      // of one tensor, a multiple says more than a question
      const simple = isOfAnswer(says) ? 1 / 2 : 0;
      const worth =
        (own.length + simple) *
        (isOfAnswer(says) || consistent.has(says) ? 2 : 1) *
        (known.has(says) ? left.size + 1 : 1);
      if (worth > most) [best, most] = [{ says, tensors: own }, worth];
    }
    if (best === null) break;
    found.push(best);
    for (const tensor of best.tensors) left.delete(tensor);
  }
  return found;
}

/** Whether an explanation of a tensor holds in the other failing cases, and for enough numbers together. */
function holds(
  subject: Subject,
  says: string,
  tensor: string,
  base: Judged,
  others: readonly Judged[],
  block: number | null,
): boolean {
  let count = wrongCount(base, tensor);
  for (const other of others) {
    if (!wrongTensors(other).includes(tensor)) continue;
    const own = isOfAnswer(says)
      ? [...ofTensor(subject, other, tensor)].filter((one) => one.says === says).map(({ data }) => ({ [tensor]: data }))
      : [...otherQuestions(subject, other.c, block)].filter((one) => one.says === says).map(attempt);
    // an axis that this case lacks tells nothing
    if (own.length === 0 && !isOfSize(says)) continue;
    if (!own.some((numbers) => fits(numbers, other, [tensor]).length > 0)) return false;
    count += wrongCount(other, tensor);
  }
  return count >= fewestNumbers;
}

/** Whether a text is about a factor or a term that fits, and not about one that has a name. */
const isOfAnyFactor = (says: string): boolean => /(times a factor for|times -?\d*\.\d|plus -?\d)/.test(says);

const isOfAnswer = (says: string): boolean => !says.startsWith('as if');

/** Whether a text is about the size of numbers: it can be asked of every case. */
const isOfSize = (says: string): boolean => isOfAnswer(says) && !says.includes(' with ');

/** What a tensor may hold instead. A text without the numbers of the case is the same in all cases. */
function* ofTensor({ operator, mode }: Subject, { c, allowed, answered }: Judged, tensor: string): Generator<Altered> {
  const { shape } = allowed.tensors[tensor]!;
  const right = Object.fromEntries(Object.entries(allowed.tensors).map(([name, { expected }]) => [name, expected]));
  const confused: Confused = {
    tensor,
    shape,
    words: namedAxes(operator, { tensor, shape }, c.settings, mode),
    answered: answered.get(tensor)!.data,
    right,
    c,
    lengths: lengthsOf(operator, c),
  };
  yield* altered(confused);
}

/** The tensors among `names` whose answered numbers are another answer's, within rounding. */
function fits(numbers: Numbers | null, { allowed, answered, judgement }: Judged, names: readonly string[]): string[] {
  if (numbers === null) return [];
  return names.filter((name) => {
    const other = numbers[name];
    const { expected, bounds } = allowed.tensors[name]!;
    const { data } = answered.get(name)!;
    if (other?.length !== data.length) return false;
    const { wrong } = judgement.mismatches.find(({ tensor }) => tensor === name)!;
    return isCloser(data, other, { expected, bounds }, wrong, allowed.profile.at.output.u);
  });
}

/** Whether another answer has the answered numbers in the tensors that are right. */
const isRightElsewhere = (numbers: Numbers, { allowed, answered, judgement }: Judged): boolean =>
  Object.entries(allowed.tensors).every(([name, { expected, bounds }]) => {
    const other = numbers[name];
    if (other === undefined || judgement.mismatches.some(({ tensor }) => tensor === name)) return true;
    return isNear(answered.get(name)!.data, other, { expected, bounds }, allowed.profile.at.output.u);
  });

/** The right numbers, and the errors that they may have. */
interface Right {
  readonly expected: Float64Array;
  readonly bounds: Float64Array;
}

/** An answer is another one if it is within this many bounds of it, and this many times closer to it than to the right one. */
const [generous, closer] = [8, 16];

/** Whether an answer is near other numbers. Where these are NaN, any number would do. */
function isNear(data: Float64Array, other: Float64Array, { expected, bounds }: Right, u: number): boolean {
  const size = data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
  const coarse = Math.min(1 / 64, 2 ** 12 * u);
  return data.every((have, i) => {
    const want = other[i]!;
    if (Object.is(have + 0, want + 0) || (Number.isNaN(want) && !Number.isNaN(expected[i]!))) return true;
    const bound = Number.isFinite(bounds[i]!) ? bounds[i]! : 0;
    return Math.abs(have - want) <= generous * bound + coarse * Math.max(Math.abs(want), size / 16);
  });
}

function isCloser(data: Float64Array, other: Float64Array, right: Right, wrong: readonly number[], u: number): boolean {
  if (!isNear(data, other, right, u)) return false;
  let [before, after, known] = [0, 0, 0];
  for (const i of wrong) {
    const [have, want] = [data[i]!, other[i]!];
    if (Number.isNaN(want) && !Number.isNaN(right.expected[i]!)) continue;
    known++;
    before += Math.abs(have - right.expected[i]!);
    if (!Object.is(have + 0, want + 0)) after += Math.abs(have - want);
  }
  return known > 0 && (after === 0 || Number.isNaN(before) || closer * after <= before);
}

const isZeros = ({ answered }: Judged, tensor: string): boolean => answered.get(tensor)!.data.every((x) => x === 0);

const wrongTensors = ({ judgement }: Judged): string[] =>
  judgement.mismatches.filter(({ wrong }) => wrong.length > 0).map(({ tensor }) => tensor);

const wrongCount = ({ judgement }: Judged, name: string): number =>
  judgement.mismatches.find(({ tensor }) => tensor === name)?.wrong.length ?? 0;

const sizeOfAnswer = ({ allowed }: Judged): number =>
  Object.values(allowed.tensors).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** How much a failing case tells: its wrong numbers, if it is small enough to be computed often. */
function worth(one: Judged): number {
  const wrong = one.judgement.mismatches.reduce((sum, own) => sum + Math.min(40, own.wrong.length), 0);
  return wrong / Math.log2(64 + sizeOfAnswer(one));
}

/** The first token from which a tensor is wrong, if earlier ones are right. */
function firstWrongToken({ operator }: Subject, { judgement, allowed }: Judged): number | null {
  const firsts = judgement.mismatches.flatMap(({ tensor, wrong }) => {
    const { side, name } = tensorOf(tensor);
    const axis = axisOf(operator, 'time', side, name);
    if (axis === undefined || wrong.length === 0) return [];
    const { shape } = allowed.tensors[tensor]!;
    const after = sizeOf(shape.slice(axis + 1));
    return [
      wrong.reduce((least, i) => Math.min(least, Math.floor(i / after) % shape[axis]!), Number.POSITIVE_INFINITY),
    ];
  });
  return firsts.find((token) => token > 0) ?? null;
}

const numbersOf = (values: ReturnType<typeof asAnswered>): Numbers =>
  Object.fromEntries(Object.entries(values).map(([name, x]) => [name, read(x)]));

/** Returns null if there is no such answer: some questions cannot be asked. */
function attempt(other: OtherAnswer): Numbers | null {
  try {
    return other.numbers();
  } catch {
    return null;
  }
}
