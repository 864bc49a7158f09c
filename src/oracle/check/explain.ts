/** @file What can be said about a wrong answer beyond that it is wrong. */
import type { Case } from '../case.ts';
import type { Inquiry, Wrong } from './inquiry.ts';
import { likeness } from './likeness.ts';
import { placeOf, whereWrong } from './where.ts';

/** Sentences about the first failing case, which is larger than the smallest and shows more: where it is wrong, what it looks like. */
export function explain({ operator, mode }: Inquiry, c: Case, { compared }: Wrong): string[] {
  if (compared === null) return [];
  const { judgement, allowed, answered } = compared;
  const hints: string[] = [];
  for (const { tensor, places } of judgement.findings) {
    const own = allowed.tensors[tensor];
    // what is missing or has another shape is said already
    if (own === undefined || places.length === 0) continue;
    const wrong = new Set(places.map(({ element }) => element));
    const isWrong = Array.from(own.expected, (_, i) => wrong.has(i));
    const where = whereWrong(operator, { tensor, shape: own.shape, isWrong }, c.settings, mode);
    hints.push(`${tensor}: ${where}; first ${placeOf(operator, tensor, own.shape, Math.min(...wrong))}`);
  }
  const numbers = Object.fromEntries([...answered].map(([name, { data }]) => [name, data]));
  const alike = likeness(operator, mode, c, numbers, allowed);
  return alike === null ? hints : [...hints, alike];
}
