/** @file Explains a wrong answer: where its errors are, and which known faults or readings it resembles. */
import type { Profile } from '../../executors/profiles/profile.ts';
import type { Case } from '../case.ts';
import type { Numbers } from '../compare.ts';
import { type Compared, tightestFit } from './coarser.ts';
import type { Inquiry, JudgedAnswer, WrongAnswer } from './inquiry.ts';
import { likenesses } from './likeness.ts';
import { faultyForms } from './verdict.ts';
import { placeOf, whereWrong } from './where.ts';

/** A case and the wrong answer to it. */
export interface Failing {
  readonly c: Case;
  readonly wrong: WrongAnswer;
}

/** Explains a failure: the wrong places in the first failing case, which shows more than the smallest, and a likeness of both. */
export function explain(inquiry: Inquiry, first: Failing, smallest: Failing): string[] {
  const [alike, also] = [likenessesOf(inquiry, first), likenessesOf(inquiry, smallest)];
  return [
    ...placesOf(inquiry, first),
    ...alike.filter((one) => also.includes(one)).slice(0, 1),
    ...faultsOf(inquiry, first),
    ...precisionOf(inquiry, [first, smallest]),
  ];
}

/** Writes a sentence for each tensor with wrong numbers. Missing tensors and wrong shapes already have a message. */
function placesOf({ operator, mode }: Inquiry, { c, wrong: { judged } }: Failing): string[] {
  if (judged === null) return [];
  const { judgement, allowed } = judged;
  return judgement.mismatches.flatMap(({ tensor, wrong: elements }) => {
    const own = allowed.tensors[tensor];
    if (own === undefined || elements.length === 0) return [];
    const isWrong = new Array<boolean>(own.expected.length).fill(false);
    for (const element of elements) isWrong[element] = true;
    const where = whereWrong(operator, { tensor, shape: own.shape, isWrong }, c.settings, mode);
    return [`${tensor}: ${where}; first ${placeOf(operator, tensor, own.shape, isWrong.indexOf(true))}`];
  });
}

function likenessesOf({ operator, mode }: Inquiry, { c, wrong: { judged } }: Failing): string[] {
  // if no number is wrong, every likeness would fit
  if (judged === null || judged.judgement.mismatches.every(({ worst }) => worst === null)) return [];
  const numbers = Object.fromEntries([...judged.answered].map(([name, { data }]) => [name, data]));
  return likenesses(operator, mode, c, numbers, judged.allowed);
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

/** Names the tightest coarser profile at which both answers are right. */
function precisionOf({ operator, mode }: Inquiry, failing: readonly Failing[]): string[] {
  const answers: Compared[] = [];
  let declared: Profile | null = null;
  for (const { c, wrong } of failing) {
    if (wrong.judged === null || isUnfit(wrong.judged)) return [];
    declared = wrong.judged.allowed.profile;
    answers.push({
      c,
      answered: Object.fromEntries([...wrong.judged.answered].map(([name, { data }]) => [name, data])),
      right: mapped(wrong.judged.allowed.tensors),
    });
  }
  const coarser = declared === null ? null : tightestFit(operator.modes[mode]!, answers, declared);
  return coarser === null ? [] : [`right at lower precision: ${coarser.says}`];
}

/** Whether some tensor of an answer cannot be compared. */
const isUnfit = ({ judgement }: JudgedAnswer): boolean => judgement.mismatches.some(({ worst }) => worst === null);

const mapped = (tensors: JudgedAnswer['allowed']['tensors']): Numbers =>
  Object.fromEntries(Object.entries(tensors).map(([name, { expected }]) => [name, expected]));
