/** @file Finds the smallest case on which two readings of the paper differ. */
import * as fc from 'fast-check';
import type { ReadingName } from '../../../spec/readings.ts';
import { bounded, boundOf, float64 } from '../../executors/bounded/index.ts';
import { f64 } from '../../executors/f64/index.ts';
import { read } from '../../tensor/input.ts';
import { once } from '../../tensor/once.ts';
import type { Executor } from '../../tensor/value.ts';
import { type Case, fill, type Layout, mapTensors, type Settings, type Tensor } from '../case.ts';
import { simplify } from '../check/simpler.ts';
import { type Draw, draws } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { evaluateOutputs, type Named, type Program } from '../program.ts';

/** Two readings of one question, on one operator in one mode. */
export interface ReadingQuestion {
  /** The reading's name, with a second word where there are several questions about it. */
  readonly name: string;
  readonly reading: ReadingName;
  readonly between: readonly [string, string];
  readonly operator: Operator;
  readonly mode: string;
  /** The name of the reading in the operator's settings. */
  readonly word: string;
  /** Inputs that hold one number throughout, so that the case shows nothing unusual there. */
  readonly fixed?: readonly { readonly inputs: RegExp; readonly to: number }[];
  /** The outputs to compare; all but states, unless given. */
  readonly looksAt?: ((output: string) => boolean) | undefined;
  /** Whether a layout is drawn: it has the weights of the reading that needs most, and something to fuse. */
  admits(settings: Settings, inputs: Layout['inputs']): boolean;
  /** The case under one reading: its settings name the reading, and weights that it does not use are left out. */
  under(c: Case, reading: string): Case;
  /** The program of a reading, if it is not the operator's mode under those settings. */
  program?(reading: string): Program;
}

/** A case with the outputs on which two readings differ, and the names of those on which they agree. */
export interface Apart {
  readonly question: ReadingQuestion;
  readonly c: Case;
  readonly differ: Readonly<Record<string, readonly [Tensor, Tensor]>>;
  readonly agree: readonly string[];
}

/** The longest sequence, the number of cases for each seed, the number of seeds, and the number of changes to try. */
const [longest, drawn, seeds, tries] = [3, 1000, 8, 2000];
/** A difference that a reader sees: a hundredth of the larger number. */
const visible = 0.01;

const isState = (output: string): boolean => /^(state|keys|values)\b/.test(output);

/** The outputs of a case under a reading on an executor. */
function outputsOf({ operator, mode, under, program }: ReadingQuestion, c: Case, reading: string, on: Executor): Named {
  return evaluateOutputs(program?.(reading) ?? operator.modes[mode]!, under(c, reading), on).outputs;
}

/** The outputs on which two readings differ, beyond their bounds and visibly, and those on which they agree within their bounds. */
export function compared(question: ReadingQuestion, c: Case): Pick<Apart, 'differ' | 'agree'> {
  const [first, second] = question.between;
  const both = (on: Executor): [Named, Named] => [
    outputsOf(question, c, first, on),
    outputsOf(question, c, second, on),
  ];
  const [one, other] = both(f64);
  // bounds cost more than numbers, and most cases differ in nothing
  const bounds = once(() => both(bounded(float64)));
  const differ: Record<string, readonly [Tensor, Tensor]> = {};
  const agree: string[] = [];
  for (const [name, { shape }] of Object.entries(one)) {
    const [a, b] = [read(one[name]!), read(other[name]!)];
    const gap = a.map((x, i) => Math.abs(x - b[i]!));
    const isSeen = gap.map((distance, i) => +(distance > visible * Math.max(Math.abs(a[i]!), Math.abs(b[i]!))));
    const isOver = (i: number): boolean => gap[i]! > boundOf(bounds()[0][name]!)[i]! + boundOf(bounds()[1][name]!)[i]!;
    if (isSeen.some((seen, i) => seen === 1 && isOver(i)))
      differ[name] = [
        { shape, data: a },
        { shape, data: b },
      ];
    else if (gap.every((distance, i) => distance === 0 || !isOver(i))) agree.push(name);
  }
  return { differ, agree };
}

const fixedTo = ({ fixed = [] }: ReadingQuestion, name: string): number | undefined =>
  fixed.find(({ inputs }) => inputs.test(name))?.to;

/** Draws a question's cases. They have no cotangents: only outputs are compared. */
export function questionCases(question: ReadingQuestion): fc.Arbitrary<Case> {
  const { operator, mode, admits } = question;
  const isAsked = ({ layout }: Draw): boolean =>
    operator.admits(layout.settings, mode) && admits(layout.settings, layout.inputs);
  return draws(operator, { longest }, ['normal'])
    .filter(isAsked)
    .map(({ layout, seed, values }) => {
      const { inputs, ...rest } = fill(layout, seed, values);
      const set = (x: Tensor, name: string): Tensor => ({
        ...x,
        data: x.data.map((y) => fixedTo(question, name) ?? y),
      });
      return { ...rest, inputs: mapTensors(inputs, set), cotangents: {} };
    });
}

/** Whether the fixed inputs hold their number. */
const keepsFixed = (question: ReadingQuestion, { inputs }: Case): boolean =>
  Object.entries(inputs).every(([name, x]) => {
    const to = fixedTo(question, name);
    return to === undefined || x.data.every((y) => y === to);
  });

const numbersIn = ({ inputs }: Case): number =>
  Object.values(inputs).reduce((total, { data }) => total + data.length, 0);

/** Cases on which something holds, one for each seed that finds one, each shrunk in structure while it holds. */
function* smallCases(question: ReadingQuestion, holds: (c: Case) => boolean): Generator<Case> {
  for (let seed = 1; seed <= seeds; seed++) {
    const property = fc.property(questionCases(question), (c) => !holds(c));
    const { counterexample } = fc.check(property, { seed, numRuns: drawn });
    if (counterexample !== null) yield counterexample[0];
  }
}

/**
 * The smallest case found on which the readings differ in an output to compare: of the cases of several seeds the one with fewest
 * numbers, which are then simplified while the readings differ. Null where no drawn case tells them apart. Deterministic.
 */
export async function tellApart(question: ReadingQuestion): Promise<Apart | null> {
  const { looksAt = (name) => !isState(name) } = question;
  const differs = (c: Case): boolean =>
    keepsFixed(question, c) && Object.keys(compared(question, c).differ).some(looksAt);
  const [smallest] = [...smallCases(question, differs)].sort((a, b) => numbersIn(a) - numbersIn(b));
  if (smallest === undefined) return null;
  const c = await simplify(smallest, async (one) => differs(one), tries);
  return { question, c, ...compared(question, c) };
}
