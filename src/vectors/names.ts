/** @file Parses names of expected tensors that carry a number or a suffix. */
import type { Answers, VectorCase } from './case.ts';

/** The different numbers that a pattern's first group finds in the names of wanted tensors, as `out\/chunkwise\.(\d+)`. */
export function numbersWanted({ wanted }: VectorCase, pattern: RegExp): number[] {
  const found = [...wanted.keys()].map((name) => pattern.exec(name)?.[1]);
  return [...new Set(found.filter((digits) => digits !== undefined).map(Number))];
}

/**
 * Answers for runs in single precision (`…_f32`) and with tables in it (`…_asis64`): the numbers of the tensor without the
 * suffix, as both approximate these; the tolerance is theirs.
 */
export function withPrecisions({ wanted }: VectorCase, tensors: Answers['tensors']): Answers['tensors'] {
  const variants = [...wanted.keys()].map((name) => [name, name.replace(/_(f32|asis64)(?=\.|$)/, '')] as const);
  const answered = variants.filter(([name, exact]) => name !== exact && Object.hasOwn(tensors, exact));
  return { ...tensors, ...Object.fromEntries(answered.map(([name, exact]) => [name, tensors[exact]!])) };
}
