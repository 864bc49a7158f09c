/** @file Explains a wrong answer: where its errors are, and which known faults or readings it resembles. */
import type { Profile } from '../../../executors/profiles/profile.ts';
import type { Numbers } from '../../compare.ts';
import type { Inquiry, JudgedAnswer } from '../inquiry.ts';
import type { Contrast } from '../row.ts';
import type { Allowed, AllowedTensor } from '../verdict/allowed.ts';
import { faultyForms } from '../verdict/verdict.ts';
import { type Compared, tightestFit } from './coarser.ts';
import { contrasts, type Failing } from './contrast/contrast.ts';
import { likenesses, type Wrong } from './likeness.ts';
import { neighbours } from './neighbours.ts';
import { placeOf, shown, whereWrong } from './where.ts';

/** What is known about a failure. */
export interface Explained {
  readonly contrasts: readonly Contrast[];
  readonly hints: readonly string[];
}

/** Explains a failure by several failing cases, the first of them first, and the smallest one, until the time `end` at most. */
export async function explain(
  inquiry: Inquiry,
  failing: readonly [Failing, ...Failing[]],
  smallest: Failing,
  end?: number,
): Promise<Explained> {
  const [first] = failing;
  // the first one is the nearest
  const likeness = likenessesOf(inquiry, failing, smallest).slice(0, 1);
  const all = failing.some(({ c }) => c === smallest.c) ? failing : ([...failing, smallest] as const);
  const precision = precisionOf(inquiry, all);
  // where errors are small, many faults look alike; far beyond the bounds, only one does
  if (precision.length > 0 && (likeness.length === 0 || !isFarBeyond(smallest))) {
    return { contrasts: [], hints: [...faultsOf(inquiry, first), ...precision] };
  }
  const found = contrasts(inquiry, all);
  const hints = [
    ...likeness,
    ...faultsOf(inquiry, first),
    ...(await neighbours(inquiry, failing, smallest, end)).filter(
      (one) => !found.some(({ says }) => isSaid(one, says)),
    ),
  ];
  return { contrasts: found, hints };
}

/** The likenesses that a case and other failing cases have; with `known`, only those among them. */
export function likenessesOf(
  { operator, mode, rightCases }: Inquiry,
  failing: readonly Failing[],
  smallest: Failing,
  known?: ReadonlySet<string>,
): string[] {
  const usual = failing.filter(({ c }) => c.values !== 'wide');
  // numbers of many sizes overflow in some orders of a fault only
  const others = (usual.length > 0 ? usual : failing).filter(({ c }) => c !== smallest.c);
  // beside wrong outputs, a backward of its own may be right, or wrong in another way
  const isForward = wrongTensorsOf(smallest.wrong).some(isOutput);
  const wrongOf = ({ c, wrong: { judged } }: Failing): Wrong[] => {
    // if no number is wrong, every likeness would fit
    if (judged === null || judged.judgement.mismatches.every(({ worst }) => worst === null)) return [];
    const told = [...judged.answered].filter(([name]) => !isForward || isOutput(name));
    const answered = Object.fromEntries(told.map(([name, { data }]) => [name, data]));
    return [{ c, answered, allowed: judged.allowed }];
  };
  const [own] = wrongOf(smallest);
  return own === undefined
    ? []
    : likenesses(
        operator,
        mode,
        own,
        others.flatMap(wrongOf).slice(0, mostLike),
        known === undefined ? rightCases() : [],
        known,
      );
}

const isOutput = (tensor: string): boolean => tensor.startsWith('out/');

const wrongTensorsOf = ({ judged }: Failing['wrong']): string[] =>
  judged?.judgement.mismatches.map(({ tensor }) => tensor) ?? [];

/** In how many other failing cases a likeness is looked for. */
const mostLike = 8;

/** An answer is far beyond its bounds from this ratio on: a fault that gives the same numbers within their bounds is no chance. */
const far = 64;
/** The roundoff of types in which numbers tell faults apart: F32 and F64. */
const fine = 2 ** -23;

const isFarBeyond = ({ wrong: { judged } }: Failing): boolean =>
  judged !== null && judged.judgement.ratio >= far && judged.allowed.profile.at.output.u <= fine;

/** Whether a contrast says what a neighbour shows too: `as if state were zeros`, `right where state is zeros`. */
const isSaid = (neighbour: string, says: string): boolean =>
  neighbour.replace(/^right where (.*) (is|are) /, 'as if $1 were ') === says;

/** Writes a sentence for each tensor with wrong numbers. Missing tensors and wrong shapes already have a message. */
export function placesOf({ operator, mode }: Inquiry, { c, wrong: { judged } }: Failing): string[] {
  if (judged === null) return [];
  const { judgement, allowed, answered } = judged;
  const everywhere = judgement.mismatches
    .filter(({ tensor, wrong }) => wrong.length > 1 && wrong.length === allowed.tensors[tensor]?.expected.length)
    .filter(({ tensor }) => sameNumber([...answered.get(tensor)!.data]) === null)
    .map(({ tensor }) => tensor);
  const folded = everywhere.length < manyTensors ? [] : everywhere;
  const places = judgement.mismatches.flatMap(({ tensor, wrong: elements }) => {
    const own = allowed.tensors[tensor];
    if (own === undefined || elements.length === 0 || folded.includes(tensor)) return [];
    const isWrong = new Array<boolean>(own.expected.length).fill(false);
    for (const element of elements) isWrong[element] = true;
    const where = whereWrong(operator, { tensor, shape: own.shape, isWrong }, c.settings, mode);
    const numbers = elements.map((i) => answered.get(tensor)!.data[i]!);
    const first = placeOf(operator, tensor, own.shape, isWrong.indexOf(true));
    return [`${tensor}: ${where}; ${sameNumber(numbers) ?? `first ${first}`}`];
  });
  return folded.length === 0 ? places : [...places, `all numbers of ${folded.join(', ')}`];
}

/** So many tensors that are wrong everywhere are told in one line. */
const manyTensors = 3;

/** Names the number that all wrong numbers are, if there is one and enough of them. */
function sameNumber([first, ...rest]: readonly number[]): string | null {
  if (rest.length === 0 || !rest.every((x) => Object.is(x + 0, first! + 0))) return null;
  return `all of them are ${shown(first! + 0)}`;
}

/** Names a form that would explain the answer, but is a fault where it loses its digits. */
function faultsOf({ operator, mode, dtype, unjudged }: Inquiry, { c, wrong: { judged } }: Failing): string[] {
  if (judged === null || isUnfit(judged)) return [];
  const { profile, tensors } = judged.allowed;
  const gradients = Object.keys(tensors).some((name) => name.startsWith('grad/'));
  return faultyForms(operator, { mode, dtype, gradients, c, profile, unjudged }, judged.answered)
    .slice(0, 1)
    .map(({ says, loses }) => `computes as ${says}, which loses its digits ${loses}; a better formula costs nothing`);
}

/** The first words of the hint that a lower precision explains a finding. */
export const ofPrecision = 'right at lower precision';

/** Names the tightest coarser profile at which all answers are right. */
export function precisionOf({ operator, mode }: Inquiry, failing: readonly Failing[]): string[] {
  const answers: Compared[] = [];
  let declared: Profile | null = null;
  for (const { c, wrong } of failing) {
    if (wrong.judged === null || isUnfit(wrong.judged)) return [];
    declared = wrong.judged.allowed.profile;
    answers.push({
      c,
      answered: Object.fromEntries([...wrong.judged.answered].map(([name, { data }]) => [name, data])),
      right: mapped(wrong.judged.allowed.tensors, ({ expected }) => expected),
      bounds: mapped(wrong.judged.allowed.tensors, ({ bounds }) => bounds),
    });
  }
  const coarser = declared === null ? null : tightestFit(operator.modes[mode]!, answers, declared);
  return coarser === null ? [] : [`${ofPrecision}: ${coarser.says}`];
}

/** Whether some tensor of an answer cannot be compared. */
const isUnfit = ({ judgement }: JudgedAnswer): boolean => judgement.mismatches.some(({ worst }) => worst === null);

const mapped = (tensors: Allowed['tensors'], of: (tensor: AllowedTensor) => Float64Array): Numbers =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, of(tensor)]));
