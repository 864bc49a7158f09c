/** @file Writes the notes of a row: what a reader should know beside its statuses. */
import { amount } from '../../io/text.ts';
import type { Offer } from '../backends/backend.ts';
import type { Inquiry } from './inquiry.ts';
import type { SeenTaps } from './taps/seen.ts';

/** What a row counted. */
export interface Counted {
  readonly right: number;
  readonly wrong: number;
  /** How many numbers of each tensor were NaN or ∞, as the range of the type ends on the way to them. */
  readonly beyond: ReadonlyMap<string, number>;
  /** How many cases each stand-in judged: a mode in place of the question's. */
  readonly standIns: ReadonlyMap<string, number>;
  /** What the taps of right answers tell. */
  readonly taps: SeenTaps;
}

/** Compiling that takes so many milliseconds in a row is worth a note. */
const longCompiling = 2000;

/** Returns the notes of a row. */
export const notesOf = (
  inquiry: Inquiry,
  { atomic = {} }: Offer,
  { right, wrong, beyond, standIns, taps }: Counted,
): string[] => [
  ...Object.entries(atomic).map(([tensor, axes]) => `${tensor} by atomic additions along ${axes}, as declared`),
  ...[...beyond].map(
    ([tensor, count]) =>
      `${tensor}: ${count} numbers are NaN or ∞, as the range of ${inquiry.dtype} ends on the way to them`,
  ),
  ...taps.notes(wrong > 0),
  ...shapesNote(inquiry),
  ...[...standIns].map(([standIn, count]) => `reference of ${count} of ${right} cases: ${standIn}`),
];

/** Says how many shapes were compiled, if that took long, and how many were not, as there was no time. */
function shapesNote(inquiry: Inquiry): string[] {
  const { compiled, leftOut } = inquiry.shapes();
  const { compiling } = inquiry.timing();
  if (compiling < longCompiling && leftOut === 0) return [];
  const all = `compiled ${amount(compiled, 'shape')} in ${(compiling / 1000).toFixed(0)} s`;
  return [leftOut === 0 ? all : `${all}, and no time was left for ${leftOut} more`];
}
