/** @file Finds the smallest case on which two readings of the paper differ. */
import * as fc from 'fast-check';
import type { ReadingName } from '../../../spec/readings.ts';
import { bounded, boundOf, float64 } from '../../executors/bounded/index.ts';
import { f64 } from '../../executors/f64/index.ts';
import { read } from '../../tensor/input.ts';
import { once } from '../../tensor/once.ts';
import type { Executor } from '../../tensor/value.ts';
import { type Case, fill, type Layout, mapTensors, type Settings, type Tensor } from '../case.ts';
import { simplify } from '../check/smallest/simpler.ts';
import { type Draw, draws } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { evaluateOutputs, type Named, type Program } from '../program.ts';

/** A comparison of two readings, on one operator in one mode. */
export interface ReadingQuestion {
  /** The reading's name. A second word is added if several questions ask about the same reading. */
  readonly name: string;
  readonly reading: ReadingName;
  readonly between: readonly [string, string];
  readonly operator: Operator;
  readonly mode: string;
  /** The setting of the operator that selects the reading. */
  readonly word: string;
  /** Inputs that are set to one number, to keep the case simple. */
  readonly fixed?: readonly { readonly inputs: RegExp; readonly to: number }[];
  /** The letters of the equations for inputs and outputs, by their names, where a page explains them. */
  readonly symbols?: Readonly<Record<'inputs' | 'outputs', Readonly<Record<string, string>>>>;
  /** Whether an output is compared. By default, all outputs except states are. */
  readonly looksAt?: ((output: string) => boolean) | undefined;
  /** Whether a layout fits the question: it has the weights of both readings, and sources to fuse if the question needs them. */
  admits(settings: Settings, inputs: Layout['inputs']): boolean;
  /** Sets the reading of a case, and removes the weights that this reading does not use. */
  under(c: Case, reading: string): Case;
  /** The program of a reading, if the settings of the operator cannot select it. */
  program?(reading: string): Program;
}

/** A case on which two readings differ, with the differing outputs and the names of the equal ones. */
export interface Apart {
  readonly question: ReadingQuestion;
  readonly c: Case;
  readonly differ: Readonly<Record<string, readonly [Tensor, Tensor]>>;
  readonly agree: readonly string[];
}

/** The length of the longest sequence, the number of cases per seed, the number of seeds, and the most simplifications to try. */
const [longest, drawn, seeds, tries] = [3, 1000, 8, 2000];
/** The relative difference from which a reader sees it in a table. */
const visible = 0.01;

const isState = (output: string): boolean => /^(state|keys|values)\b/.test(output);

/** Computes the outputs of a case under a reading. */
function outputsOf({ operator, mode, under, program }: ReadingQuestion, c: Case, reading: string, on: Executor): Named {
  return evaluateOutputs(program?.(reading) ?? operator.modes[mode]!, under(c, reading), on).outputs;
}

/** Compares two readings. Outputs differ if a visible difference exceeds both bounds together; they agree within those bounds. */
export function compared(question: ReadingQuestion, c: Case): Pick<Apart, 'differ' | 'agree'> {
  const [first, second] = question.between;
  const both = (on: Executor): [Named, Named] => [
    outputsOf(question, c, first, on),
    outputsOf(question, c, second, on),
  ];
  const [one, other] = both(f64);
  // computed only if needed: bounds cost more than numbers, and most cases show no difference
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

/** Draws the cases of a question. They have no cotangents, since only outputs are compared. */
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

/** Whether the fixed inputs still have their fixed value. */
const keepsFixed = (question: ReadingQuestion, { inputs }: Case): boolean =>
  Object.entries(inputs).every(([name, x]) => {
    const to = fixedTo(question, name);
    return to === undefined || x.data.every((y) => y === to);
  });

const numbersIn = ({ inputs }: Case): number =>
  Object.values(inputs).reduce((total, { data }) => total + data.length, 0);

/** Yields at most one case per seed that satisfies `holds`, shrunk as far as `holds` allows. */
function* smallCases(question: ReadingQuestion, holds: (c: Case) => boolean): Generator<Case> {
  for (let seed = 1; seed <= seeds; seed++) {
    const property = fc.property(questionCases(question), (c) => !holds(c));
    const { counterexample } = fc.check(property, { seed, numRuns: drawn });
    if (counterexample !== null) yield counterexample[0];
  }
}

/**
 * Finds a small case on which the readings differ in a compared output. Takes the case with the fewest numbers over several seeds,
 * then simplifies its numbers while the readings differ. Returns null if no drawn case tells them apart. Deterministic.
 */
export async function tellApart(question: ReadingQuestion): Promise<Apart | null> {
  const { looksAt = (name) => !isState(name) } = question;
  const differs = (c: Case): boolean =>
    keepsFixed(question, c) && Object.keys(compared(question, c).differ).some(looksAt);
  const [smallest] = [...smallCases(question, differs)].sort((a, b) => numbersIn(a) - numbersIn(b));
  if (smallest === undefined) return null;
  const c = await simplify(smallest, {}, async (one) => differs(one), tries);
  return { question, c, ...compared(question, c) };
}
