/** @file Draws the questions of a check in turn, and draws each of them again from its path. */
import * as fc from 'fast-check';
import { fail } from '../../../tensor/errors.ts';
import type { Layout } from '../../case.ts';
import { type Draw, numbersIn, tellsAxesApart } from '../../draw.ts';
import type { Operator } from '../../operator.ts';
import type { Replay } from '../row.ts';
import type { SizeName } from './real.ts';

/** Draws of questions by their number: the plan gives each its size. */
export type Questions = (question: number) => fc.Arbitrary<Draw>;

/** The number of draws for a question until one is worth asking. The first number of a path is that of a draw. */
const attempts = 32;

/** Whether a text has the form of a path. */
export const isPath = (text: unknown): boolean => typeof text === 'string' && /^(\d+(:\d+)*)?$/.test(text);

/** What fast-check needs to draw something again, and to shrink it. */
export interface Redrawn {
  readonly drawn: fc.Arbitrary<Draw>;
  readonly parameters: { readonly seed: number; readonly path: string; readonly numRuns: 1 };
  /** Makes the path of a smaller case from that of fast-check. */
  pathOf(path: string): string;
}

/** Finds the draw at a path. Every draw has a seed of its own. */
export function redrawn(questions: Questions, { seed, path }: Replay): Redrawn {
  const [first, ...shrunk] = path.split(':');
  const number = Number(first);
  return {
    drawn: questions(Math.floor(number / attempts)),
    parameters: {
      seed: Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b),
      path: ['0', ...shrunk].join(':'),
      numRuns: 1,
    },
    pathOf: (found) => [first, ...found.split(':').slice(1)].join(':'),
  };
}

/** Draws what a path says; undefined if there is no such draw. */
export function drawAt(questions: Questions, replay: Replay): Draw | undefined {
  const { drawn, parameters } = redrawn(questions, replay);
  try {
    return fc.sample(drawn, parameters)[0];
  } catch (error) {
    // fast-check says so of a step before the last one
    if (error instanceof Error && error.message.startsWith('Unable to replay')) return undefined;
    throw error;
  }
}

/** Draws what a path says. Throws if there is no such draw; `where` says of what, and the message names the nearest path. */
export function drawnAt(questions: Questions, { seed, path }: Replay, where: string): Draw {
  const draw = drawAt(questions, { seed, path });
  if (draw !== undefined) return draw;
  const steps = path.split(':');
  const nearest = steps.findLastIndex(
    (_, last) => drawAt(questions, { seed, path: steps.slice(0, last).join(':') }) !== undefined,
  );
  const prefix = steps.slice(0, nearest).join(':');
  return fail(
    `${where}: the path ${path} leads to no case with the seed ${seed}; its beginning ${prefix} does. Copy the path from a report, with the options of its command`,
  );
}

/** The first draws of each arbitrary, by their seeds: rows with the same questions share them. */
const drawn = new WeakMap<fc.Arbitrary<Draw>, Map<number, Draw>>();
const mostDrawn = 1000;

/** The draw at a path without steps, drawn once for all rows that share the questions. */
function knownDraw(questions: Questions, replay: Replay): Draw {
  const { drawn: of, parameters } = redrawn(questions, replay);
  const known = drawn.get(of) ?? new Map<number, Draw>();
  drawn.set(of, known);
  const draw = known.get(parameters.seed) ?? drawAt(questions, replay)!;
  if (known.size < mostDrawn) known.set(parameters.seed, draw);
  return draw;
}

/** A draw, and how to draw it again. */
export interface InTurn {
  readonly draw: Draw;
  readonly replay: Replay;
}

/** Drawing ends after so many times the number of cases if no draw is worth asking, and in any case: a backend may take few. */
const [mostLeftOut, mostAsked] = [4, 100];

/** Yields draws for `cases` questions or more, each with its replay. Leaves out questions of which no draw is worth asking. */
export function* drawsInTurn(
  operator: Operator,
  mode: string,
  questions: Questions,
  { cases, seed, sizes }: { readonly cases: number; readonly seed: number; readonly sizes?: SizeName | undefined },
): Generator<InTurn> {
  let asked = 0;
  for (let question = 0; question < (asked > 0 ? mostAsked : mostLeftOut) * cases; question++) {
    let best: InTurn | null = null;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const replay = { seed, path: `${attempts * question + attempt}` };
      const draw = knownDraw(questions, replay);
      // the widths of real layers are often equal
      const isReal = sizes === 'real';
      if (!operator.admits(draw.layout.settings, mode) || !(isReal || isWorthAsking(draw))) continue;
      if (best === null || numbersIn(draw.layout) < numbersIn(best.draw.layout)) best = { draw, replay };
      if (isReal || isSmall(best.draw.layout, question)) break;
    }
    // a backend may take no small axes: then larger cases are asked
    if (best === null || (sizes !== 'real' && !isSmall(best.draw.layout, question) && 2 * asked > question)) continue;
    asked++;
    yield best;
  }
}

/** One draw in this many may have axes of equal length. Equal lengths hide transpositions. */
const oneIn = 5;
/** Axes beyond this length are those of long sequences, beside which other axes are tiny. */
const longFrom = 66;
/** The most numbers in the inputs of a short and of a long case. Wide axes of matrices may need more, but other cases have them wide, too. */
const [mostNumbers, mostOfLong] = [5000, 2 ** 17];
/** One question in four may be larger, for backends that take no narrow axes. */
const [larger, largerEvery] = [8, 4];

/** Whether a layout is one of a long sequence. */
export const isLong = ({ inputs }: Layout): boolean =>
  Object.values(inputs).some(({ shape }) => Math.max(0, ...shape) > longFrom);

/** Whether to ask a draw: the lengths of its axes differ, or it is one of the few exceptions, or a sequence is long. */
const isWorthAsking = ({ layout, seed }: Draw): boolean =>
  seed % oneIn === 0 || tellsAxesApart(layout) || isLong(layout);

const isSmall = (layout: Layout, question: number): boolean =>
  numbersIn(layout) <=
  (isLong(layout) ? mostOfLong : question % largerEvery === largerEvery - 2 ? larger * mostNumbers : mostNumbers);
