/** @file Plans how often questions are asked again, to find answers that differ from call to call. */
import type { Case } from '../../case.ts';

/** How many repeated questions a row has asked, and how many of their answers differed from the first. */
export interface Repeats {
  readonly asked: number;
  readonly differed: number;
}

/**
 * Repeats for each case, on average. A row of 100 cases then makes 320 calls, with those about old questions and other numbers. Where one call in
 * 100 is wrong, one of them is with probability 95 %, and 384 of 400 simulated rows were found.
 */
const forEachCase = 2;
/** Every case with this number is repeated, however large it is. */
const anyEvery = 16;

/**
 * Returns a function that says how often to ask each case again: `times − 1` if a number of times is given. Otherwise small cases,
 * which cost little, take the repeats of larger ones, except a few.
 */
export function repeater(times?: number): (c: Case) => number {
  if (times !== undefined) return () => times - 1;
  const sizes: number[] = [];
  let owed = 0;
  return (c) => {
    const size = numbersIn(c);
    sizes.push(size);
    owed += forEachCase;
    const smaller = sizes.filter((other) => other < size).length;
    const due = 3 * smaller < sizes.length ? Math.floor(owed) : sizes.length % anyEvery === 1 ? 1 : 0;
    owed -= due;
    return due;
  };
}

const numbersIn = ({ inputs }: Case): number =>
  Object.values(inputs).reduce((count: number, { data }) => count + data.length, 0);
