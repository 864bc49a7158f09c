/** @file Explains a wrong answer: where its errors are, and which known faults or readings it resembles. */
import type { Case } from '../case.ts';
import type { Inquiry, WrongAnswer } from './inquiry.ts';
import { likenesses } from './likeness.ts';
import { placeOf, whereWrong } from './where.ts';

/** A case and the wrong answer to it. */
export interface Failing {
  readonly c: Case;
  readonly wrong: WrongAnswer;
}

/** Explains a failure: the wrong places in the first failing case, which shows more than the smallest, and a likeness of both. */
export function explain(inquiry: Inquiry, first: Failing, smallest: Failing): string[] {
  const [alike, also] = [likenessesOf(inquiry, first), likenessesOf(inquiry, smallest)];
  return [...placesOf(inquiry, first), ...alike.filter((one) => also.includes(one)).slice(0, 1)];
}

/** Writes a sentence for each tensor with wrong numbers. Missing tensors and wrong shapes already have a message. */
function placesOf({ operator, mode }: Inquiry, { c, wrong: { judged } }: Failing): string[] {
  if (judged === null) return [];
  const { judgement, allowed } = judged;
  return judgement.mismatches.flatMap(({ tensor, places }) => {
    const own = allowed.tensors[tensor];
    if (own === undefined || places.length === 0) return [];
    const wrong = new Set(places.map(({ element }) => element));
    const isWrong = Array.from(own.expected, (_, i) => wrong.has(i));
    const where = whereWrong(operator, { tensor, shape: own.shape, isWrong }, c.settings, mode);
    return [`${tensor}: ${where}; first ${placeOf(operator, tensor, own.shape, Math.min(...wrong))}`];
  });
}

function likenessesOf({ operator, mode }: Inquiry, { c, wrong: { judged } }: Failing): string[] {
  // if no number is wrong, every likeness would fit
  if (judged === null || judged.judgement.mismatches.every(({ places }) => places.length === 0)) return [];
  const numbers = Object.fromEntries([...judged.answered].map(([name, { data }]) => [name, data]));
  return likenesses(operator, mode, c, numbers, judged.allowed);
}
