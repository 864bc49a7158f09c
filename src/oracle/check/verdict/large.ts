/** @file Chooses how to compute the reference of a large case, where numbers for each pair of tokens would fill the memory. */
import { isModel, longestIn } from '../../axes.ts';
import type { Case, Settings } from '../../case.ts';
import type { Form, Operator } from '../../operator.ts';

/** A case is long, and large, beyond these extents. */
const [long, large] = [2 ** 22, 2 ** 26];

/** The extent of a case: the product of its numbers and its tokens, with which grow what a number for each pair of tokens takes. */
const extentOf = (operator: Operator, c: Case): number => numbersOf(c) * longestIn(operator, c);

/** Whether a case is so long that what is not needed for a judgement would take minutes. */
export const isLong = (operator: Operator, c: Case): boolean => extentOf(operator, c) > long;

/** Whether a case is large. */
export const isLarge = (operator: Operator, c: Case): boolean => extentOf(operator, c) > large;

/** The count of the numbers of a case, cotangents included. */
function numbersOf({ inputs, cotangents }: Case): number {
  let count = 0;
  for (const name in inputs) count += inputs[name]!.data.length;
  for (const name in cotangents) count += cotangents[name]!.data.length;
  return count;
}

/** The chunk of the reference, and the chunks that it may have instead, as few or long ones cost as much as the other modes. */
const chunk = 64;
const [shortest, longest] = [16, 512];

/**
 * Whether chunkwise mode may stand for the other modes. Their results are one polynomial in that case, and a bound covers its terms in
 * any order, also across sums and products.
 */
export const hasChunks = (operator: Operator, { settings }: { readonly settings: Settings }): boolean =>
  operator.laws.exact === true &&
  'chunkwise' in operator.modes &&
  typeof settings.chunkSize === 'number' &&
  operator.modesAgree(settings) &&
  !isModel(operator);

/** The mode that computes the reference, on the case as it is computed. */
export interface Computation {
  readonly mode: string;
  readonly c: Case;
  /** The mode, as reports say it, if it stands for another or has another chunk. */
  readonly standIn?: string;
}

/**
 * Returns the computation of a mode's reference. In a large case, chunkwise mode stands for modes that store a number for each pair of
 * tokens, or a scan in any bracketing does. The mode that goes token by token stands for itself, as only it rounds each state; its forms
 * do not.
 */
export function computationOf(operator: Operator, mode: string, c: Case, isForm = false): Computation {
  const itself = { mode, c };
  if (!isLarge(operator, c)) return itself;
  if (hasChunks(operator, c)) {
    if (mode === operator.reference && !isForm) return itself;
    const own = c.settings.chunkSize as number;
    if (mode === 'chunkwise' && own >= shortest && own <= longest) return itself;
    const chunked = { ...c, settings: { ...c.settings, chunkSize: chunk } };
    return { mode: 'chunkwise', c: chunked, standIn: `the mode chunkwise in chunks of ${chunk}` };
  }
  const scans = mode === 'chunkwise' && 'scan' in operator.modes && operator.modesAgree(c.settings);
  return scans ? { mode: 'scan', c, standIn: 'the mode scan' } : itself;
}

const formsIn = (operator: Operator, mode: string, c: Case): [name: string, form: Form][] =>
  Object.entries(operator.forms?.[computationOf(operator, mode, c, true).mode] ?? {});

const isTooLarge = (operator: Operator, c: Case, { ofPairs }: Form): boolean =>
  ofPairs === true && isLarge(operator, c);

/** The forms of a mode that a case is not too large for, by name. */
export const formsFor = (operator: Operator, mode: string, c: Case): [name: string, form: Form][] =>
  formsIn(operator, mode, c).filter(([, form]) => !isTooLarge(operator, c, form));

/** The forms of a mode that a case is too large for: they have a number for each pair of tokens. Each is what reports say of it. */
export const leftOutOf = (operator: Operator, mode: string, c: Case): string[] =>
  formsIn(operator, mode, c).flatMap(([, form]) => (isTooLarge(operator, c, form) ? [form.says] : []));
