/** @file Tries a fault on drawn cases of every law, and shrinks a failure: what the lab of faults computes. */
import * as fc from 'fast-check';
import { isModel } from '../../../src/oracle/axes.ts';
import { type Case, fill, rangeOf } from '../../../src/oracle/case.ts';
import { simplify } from '../../../src/oracle/check/smallest/simpler.ts';
import { isRight, type Verdict } from '../../../src/oracle/compare.ts';
import { type Draw, draws, sampleDraws } from '../../../src/oracle/draw.ts';
import type { Fault } from '../../../src/oracle/fault.ts';
import { faults } from '../../../src/oracle/faults.ts';
import type { Law } from '../../../src/oracle/law.ts';
import { laws } from '../../../src/oracle/laws/index.ts';
import type { Size } from '../../../src/oracle/operator.ts';

/** What is tried: the length of sequences, the size of chunks (0: each case draws its own), and the seed of the cases. */
export interface Asked {
  readonly tokens: number;
  readonly chunk: number;
  readonly seed: number;
}

/** What one law says of a fault. */
export interface LawRow {
  readonly law: string;
  readonly statement: string;
  /** The cases that were judged, the rejected one included. */
  readonly cases: number;
  /** The verdict on the case that was rejected; null if none was. */
  readonly rejected: Verdict | null;
  /** Whether the wrong program broke off on a case, as one that knows no empty sequences does. That is no rejection. */
  readonly breaks: boolean;
  /** The case that was rejected, or else the last one that was judged; null where none was. */
  readonly c: Case | null;
}

/** Faults of an operator by `mode/name`: one that several laws have made is one. */
export function faultsOf(operator: string): ReadonlyMap<string, Fault> {
  const own = faults.filter((fault) => fault.operator.name === operator);
  return new Map(own.map((fault) => [keyOf(fault), fault]));
}

/** The name of a fault in addresses. */
export const keyOf = ({ mode, name }: Pick<Fault, 'mode' | 'name'>): string => `${mode}/${name}`;

/** The laws that run batches of sequences of unequal lengths. */
const ofBatches = ['padded', 'packed'];

/** Whether a fault is in the code for batches only, so that it does not run without one. */
export const isOfBatches = ({ rejectedBy }: Fault): boolean => rejectedBy.every((law) => ofBatches.includes(law));

/** The laws that concern a fault's operator, in reading order. */
export const lawsOf = (fault: Fault): Law[] =>
  laws.filter((law) => law.concerns(fault.operator) && (!isOfBatches(fault) || ofBatches.includes(law.name)));

/** Cases that are tried for each law. */
const casesOfLaw = 12;

/** The longest sequences whose sums of dyadic numbers have every digit: longer ones are not drawn for laws of exact results. */
const longestExact = 12;

/** Cases with sequences of one length, two of them, and two heads: else a fault in batches or heads may have nowhere to show. */
const sizeOf = ({ size }: Law, tokens: number): Size => ({
  longest: tokens,
  ...size,
  axis: (letter) =>
    letter === 't'
      ? fc.constant(size?.exact === true ? Math.min(tokens, longestExact) : tokens)
      : 'bh'.includes(letter)
        ? fc.constant(2)
        : undefined,
});

/** A draw with chunks of a size, if its operator has chunks. */
const inChunks = (draw: Draw, chunk: number): Draw =>
  chunk === 0 || !('chunkSize' in draw.layout.settings)
    ? draw
    : { ...draw, layout: { ...draw.layout, settings: { ...draw.layout.settings, chunkSize: chunk } } };

/** The verdict of a law on a fault; null where it breaks off. */
function judged(law: Law, { operator, mode, program }: Fault, c: Case): Verdict | null {
  try {
    return law.check({ operator, mode, program }, c);
  } catch {
    return null;
  }
}

/** Tries a law on a fault, until a case is rejected. Yields after each case, and returns the row. */
export function* tried(law: Law, fault: Fault, { tokens, chunk, seed }: Asked): Generator<void, LawRow> {
  const { operator, mode } = fault;
  const row = { law: law.name, statement: law.statement };
  let [cases, breaks, last]: [number, boolean, Case | null] = [0, false, null];
  // those of usual numbers first: a reader sees more in them than in zeros
  const drawn = sampleDraws(operator, sizeOf(law, tokens), casesOfLaw, seed);
  const isUsual = ({ values }: Draw): boolean => values === 'normal';
  for (const draw of [...drawn.filter(isUsual), ...drawn.filter((one) => !isUsual(one))]) {
    const c = fill(inChunks(draw, chunk).layout, draw.seed, draw.values);
    if (!law.applies(operator, mode, c)) continue;
    const verdict = judged(law, fault, c);
    yield;
    breaks ||= verdict === null;
    if (verdict === null) continue;
    cases++;
    last = c;
    if (!isRight(verdict)) return { ...row, cases, rejected: verdict, breaks, c };
  }
  return { ...row, cases, rejected: null, breaks, c: last };
}

/** Limits on shrinking: cases drawn until one fails, and cases judged for shapes and for numbers. */
const limits = { drawn: 100, judged: 300, judgedOfModel: 40 };

/** The smallest case found on which a law rejects a fault. */
export interface Smallest {
  readonly c: Case;
  readonly verdict: Verdict;
  /** Cases that were judged to find it. */
  readonly judged: number;
}

/**
 * Shrinks a failure as the oracle does: fast-check shrinks shapes and settings, then numbers become zeros, ones and powers of two. Awaits
 * `rest` after each case; null if no case of up to so many tokens fails.
 */
export async function smallest(
  law: Law,
  fault: Fault,
  { tokens, chunk, seed }: Asked,
  rest: () => Promise<void>,
): Promise<Smallest | null> {
  const { operator } = fault;
  const most = isModel(operator) ? limits.judgedOfModel : limits.judged;
  let [count, left] = [0, most];
  const found: { c: Case; verdict: Verdict; draw: Draw }[] = [];
  const fails = async (c: Case, draw: Draw): Promise<boolean> => {
    if (!law.applies(operator, fault.mode, c) || left-- <= 0) return false;
    const verdict = judged(law, fault, c);
    count++;
    await rest();
    if (verdict === null || isRight(verdict)) return false;
    found.push({ c, verdict, draw });
    return true;
  };
  const drawn = draws(operator, { longest: tokens, ...law.size }).map((draw) => inChunks(draw, chunk));
  const property = fc.asyncProperty(
    drawn,
    async (draw) => !(await fails(fill(draw.layout, draw.seed, draw.values), draw)),
  );
  await fc.check(property, { seed, numRuns: limits.drawn });
  const shrunk = found.at(-1);
  if (shrunk === undefined) return null;
  left = most;
  const ranges = Object.entries(shrunk.draw.layout.inputs).map(([name, slot]) => [name, rangeOf(slot)]);
  await simplify(shrunk.c, Object.fromEntries(ranges), (c) => fails(c, shrunk.draw), most);
  const { c, verdict } = found.at(-1)!;
  return { c, verdict, judged: count };
}
