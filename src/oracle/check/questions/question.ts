/** @file Draws the cases of questions. */
import * as fc from 'fast-check';
import { type Profile, snap } from '../../../executors/bounded/index.ts';
import type { Dtype } from '../../backends/backend.ts';
import { type Case, fill, type Layout, rangeOf, type Values } from '../../case.ts';
import type { Domain } from '../../domain/domain.ts';
import { layoutsIn } from '../../domain/drawn.ts';
import { type Draw, draws, fewLayouts, numbersIn } from '../../draw.ts';
import { contains, type Interval, someNumber } from '../../interval.ts';
import type { Operator, Size } from '../../operator.ts';
import { profileOf } from '../verdict/allowed.ts';
import { fewShapes } from './few-shapes.ts';
import type { Questions } from './in-turn.ts';
import { cycle, planned } from './plan.ts';
import { realLayouts, realLongest, type SizeName, withKernelChunks } from './real.ts';
import { withZeros } from './zeros.ts';

/**
 * The number of questions, the length of the longest sequence, and how wide the cases are: small by default. The default length depends on
 * the time that a mode takes.
 */
export interface QuestionSize {
  readonly cases: number;
  readonly longest?: number | undefined;
  readonly sizes?: SizeName | undefined;
  /** The draws of other rows of the operator, by the name of their size. Modes and types ask the same questions, drawn once. */
  readonly known?: Map<string, fc.Arbitrary<Draw>> | undefined;
}

/** The number of questions per compiled layout, and the fewest and most layouts to compile. */
const [questionsALayout, fewest, most] = [16, 4, 40];
/** The number of real layouts that are compiled. */
const realCompiled = 2;

/** What to know of a backend: whether it compiles per layout, and what part of the operator it computes. */
export interface Ability {
  readonly compiles: boolean;
  /** The longest sequence of a backend whose programs grow with it. */
  readonly longest?: number | undefined;
  readonly domain?: Domain | undefined;
}

/** The distributions of numbers in questions: those of the operator, and wide ones, which only bounds for each number can judge. */
const valuesOf = ({ values }: Operator): readonly Values[] | undefined =>
  values &&
  (['normal', 'normal', 'normal', 'sparse', 'wide'] as const).filter((one) => one === 'wide' || values.includes(one));

/** Draws questions about an operator in a mode, inside the domain. If the backend compiles per layout, uses only a few layouts. */
export function questionDraws(operator: Operator, mode: string, size: QuestionSize, ability: Ability): Questions {
  const few = compiledLayouts(operator, mode, size, ability);
  const real = few === null ? realOf(operator, mode, size, ability) : fc.constantFrom(...few);
  if (real !== undefined) {
    const drawn = draws(operator, { longest: 1 }, valuesOf(operator), real);
    return () => drawn;
  }
  const known = size.known ?? new Map<string, fc.Arbitrary<Draw>>();
  return (question) => {
    const { name, size: own } = planned(operator, mode, size.longest, question % cycle);
    if (!known.has(name))
      known.set(name, draws(operator, own, valuesOf(operator), layoutsOf(operator, ability, size)(own)));
    return known.get(name)!;
  };
}

const layoutsOf =
  (operator: Operator, { domain }: Ability, { longest }: QuestionSize) =>
  (size: Size): fc.Arbitrary<Layout> => {
    const own = { ...size, without: operator.optIn?.filter((name) => domain?.settings[name] === undefined) ?? [] };
    return domain === undefined ? operator.layouts(own) : layoutsIn(operator, { ...own, limit: longest }, domain);
  };

/** The layouts of real sizes, if they are asked for and the operator has them. */
const realOf = (
  operator: Operator,
  mode: string,
  size: QuestionSize,
  ability: Ability,
): fc.Arbitrary<Layout> | undefined =>
  size.sizes === 'real'
    ? realLayouts(operator, mode, size.longest ?? realLongest, layoutsOf(withKernelChunks(operator), ability, size))
    : undefined;

/** The layouts about which a backend that compiles is asked, the most telling first; null if it does not compile. */
export function compiledLayouts(
  operator: Operator,
  mode: string,
  size: QuestionSize,
  ability: Ability,
): readonly Layout[] | null {
  if (!ability.compiles) return null;
  const { cases, longest } = size;
  const real = realOf(operator, mode, size, ability);
  if (real !== undefined) return fc.sample(real, { numRuns: realCompiled, seed: 1 });
  const layouts = layoutsOf(operator, ability, size);
  if (ability.longest === undefined) return fewShapes(operator, mode, layouts, { cases, longest });
  const count = Math.min(most, Math.max(fewest, Math.ceil(cases / questionsALayout)));
  return fewLayouts(operator, mode, layouts({ longest: Math.min(longest ?? ability.longest, ability.longest) }), count);
}

/** One question in this many has strided tensors. */
const stridedIn = 3;

/** The cases of draws of at most so many numbers, by what they depend on: other rows ask them too. */
const made = new WeakMap<Draw, Map<string, Case>>();
const mostKept = 5000;

/** Makes a case of a draw, or returns the one that another row made. */
function onceOf(draw: Draw, key: string, make: () => Case): Case {
  if (numbersIn(draw.layout) > mostKept) return make();
  const ofDraw = made.get(draw) ?? new Map<string, Case>();
  made.set(draw, ofDraw);
  const c = ofDraw.get(key) ?? make();
  ofDraw.set(key, c);
  return c;
}

/** Makes the case of a draw, with its numbers rounded to the type. Wide numbers have narrower range in F16, so that products fit. */
export const questionCase = (operator: Operator, dtype: Dtype, draw: Draw): Case =>
  onceOf(draw, dtype, () => roundedCase(operator, dtype, draw));

function roundedCase(operator: Operator, dtype: Dtype, draw: Draw): Case {
  const { layout, seed, values } = draw;
  const powers = dtype === 'F16' ? 10 : 20;
  const c = onceOf(draw, `${powers}`, () => withZeros(operator, layout, fill(layout, seed, values, powers)));
  return { ...snappedCase(c, profileOf[dtype], layout), memory: seed % stridedIn === 0 ? 'strided' : 'contiguous' };
}

/** One question in this many is asked after another one with the same shapes and settings, as a cache may confuse them. */
const afterAnotherIn = 7;

/** The question to ask before that of a draw: its layout with other numbers. Null for most draws. */
export const drawBefore = (draw: Draw): Draw | null =>
  draw.seed % afterAnotherIn === 0 ? { ...draw, seed: draw.seed - 1 } : null;

/** Rounds the real numbers of a case to the inputs of a profile. Throws if one overflows. */
function snappedCase(c: Case, profile: Profile, layout: Layout): Case {
  const inputs = Object.entries(c.inputs).map(([name, x]) => {
    if (x.kind === 'index') return [name, x];
    const data = snap(profile, x.data);
    const { within } = layout.inputs[name]!;
    return [name, { ...x, data: within === undefined ? data : keptIn(rangeOf(layout.inputs[name]!), data, profile) }];
  });
  const cotangents = Object.entries(c.cotangents).map(([name, x]) => [name, { ...x, data: snap(profile, x.data) }]);
  return { ...c, inputs: Object.fromEntries(inputs), cotangents: Object.fromEntries(cotangents) };
}

/** Replaces numbers that rounding took out of an interval by a neighbour on the grid, or by any number of the interval. */
function keptIn(range: Interval, data: Float64Array, profile: Profile): Float64Array {
  return data.map((x) => {
    if (contains(range, x)) return x;
    const near = snap(profile, [x * (1 - 2 ** -7), x * (1 + 2 ** -7), someNumber(range)!]);
    return near.find((one) => contains(range, one)) ?? x;
  });
}
