/** @file Algebraic laws: linearity, associativity, symmetry, special cases. */

import { f64 } from '../../executors/f64/index.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { rng } from '../../tensor/random.ts';
import { type AxisKind, axisOf, hasAxisOf, longestIn } from '../axes.ts';
import { type Case, mapTensors, type Settings, type Tensor, type Tensors, toValue } from '../case.ts';
import { exactly, flawless, type Numbers, within, worse } from '../compare.ts';
import type { Law } from '../law.ts';
import { stripped } from '../named.ts';
import type { Operator } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { matches } from '../signature.ts';
import { allowance, boundsOf, mapBoth, numbersOf } from '../tolerance.ts';

/** Selects the outputs that are linear. */
const linearOutputs = (operator: Operator, numbers: Numbers): Numbers => {
  const names = operator.laws.linearOutputs;
  return Object.fromEntries(
    Object.entries(numbers).filter(
      ([name]) => name.startsWith('output.') && (names?.includes(name.slice('output.'.length)) ?? true),
    ),
  );
};

/** The outputs are additive in the inputs of `linearIn`. */
export const linear: Law = {
  name: 'linear',
  statement: 'f(x + x′) = f(x) + f(x′) in the values, or inputs, and the initial state together',
  concerns: (operator) => (operator.laws.linearIn ?? []).length > 0,
  applies: (operator, mode, { settings }) =>
    operator.admits(settings, mode) && (operator.laws.linearUnder?.(settings) ?? true),
  check({ operator, mode, program }, c) {
    const random = rng(c.seed ^ 0x11ea);
    const linearIn = operator.laws.linearIn!;
    const replaced = (change: (x: number, i: number, name: string) => number): Case => ({
      ...c,
      inputs: Object.fromEntries(
        Object.entries(c.inputs).map(([name, x]) => [
          name,
          linearIn.some((pattern) => matches(pattern, name))
            ? { ...x, data: x.data.map((value, i) => change(value, i, name)) }
            : x,
        ]),
      ),
    });
    const drawn = replaced(() => random.normal());
    const both = replaced((x, i, name) => x + drawn.inputs[name]!.data[i]!);
    // the smaller summand becomes what the rounded sum leaves for it, which is exact: so no input is rounded, however much cancels
    const summand = (isFirst: boolean): Case =>
      replaced((x, i, name) => {
        const [y, total] = [drawn.inputs[name]!.data[i]!, both.inputs[name]!.data[i]!];
        const isLarger = Math.abs(x) >= Math.abs(y);
        if (isFirst) return isLarger ? x : total - y;
        return isLarger ? total - x : y;
      });
    const [first, second] = [summand(true), summand(false)];
    // the bounds count twice because the sum of the outputs is rounded too
    const bounds = [first, second, both].map((one) => boundsOf(operator.modes[mode]!, one));
    const [a, b] = [numbersOf(program, first), numbersOf(program, second)];
    const sum = Object.fromEntries(
      Object.entries(linearOutputs(operator, a)).map(([name, x]) => [name, x.map((v, i) => v + b[name]![i]!)]),
    );
    return within(linearOutputs(operator, numbersOf(program, both)), sum, allowance(...bounds, ...bounds));
  },
};

/** The combination is associative, so a scan may use any bracketing. */
export const associative: Law = {
  name: 'associative',
  statement: '(x ∘ y) ∘ z = x ∘ (y ∘ z), gradients included',
  concerns: (operator) => operator.laws.combines === true,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    const random = rng(c.seed ^ 0xa550c);
    const third = Object.entries(c.inputs).flatMap(([name, x]) =>
      name.startsWith('right.') ? [[`third.${name.slice(6)}`, { ...x, data: x.data.map(random.normal) }] as const] : [],
    );
    const three: Case = { ...c, inputs: { ...c.inputs, ...Object.fromEntries(third) } };
    const genuine = operator.modes[mode]!;
    const [found, right] = mapBoth(leftFirst, program, genuine);
    const other = rightFirst(genuine);
    const allowed = allowance(boundsOf(right, three), boundsOf(other, three));
    return within(numbersOf(found, three), numbersOf(other, three), allowed);
  },
};

/** Returns the program as a function of two elements, and the three elements of the law. */
function elementsOf(program: Program, inputs: Named, settings: Settings) {
  const under = (prefix: string, parts: Named): Named =>
    Object.fromEntries(Object.entries(parts).map(([name, x]) => [`${prefix}${name}`, x]));
  const combine = (left: Named, right: Named): Named =>
    program({ ...under('left.', left), ...under('right.', right) }, settings);
  const [x, y, z] = ['left.', 'right.', 'third.'].map((prefix) => stripped(inputs, prefix)) as [Named, Named, Named];
  return { combine, x, y, z };
}

const leftFirst =
  (program: Program): Program =>
  (inputs, settings) => {
    const { combine, x, y, z } = elementsOf(program, inputs, settings);
    return combine(combine(x, y), z);
  };
const rightFirst =
  (program: Program): Program =>
  (inputs, settings) => {
    const { combine, x, y, z } = elementsOf(program, inputs, settings);
    return combine(x, combine(y, z));
  };

/** Reverses the parts of a tensor along an axis; each is one entry if their number is 0. */
function reversed(x: Tensor, axis: number, parts: number): Tensor {
  const value = toValue(f64, x);
  const length = x.shape[axis]!;
  const each = parts === 0 ? 1 : length / parts;
  const steps = Array.from({ length: length / each }, (_, i) =>
    slice(value, axis, length - (i + 1) * each, length - i * each),
  );
  return { ...x, data: f64.read(concat(steps, axis).data as Float64Array) };
}

/** Sequences and heads are independent of each other. */
export const permutes: Law = {
  name: 'permutes',
  statement: 'batch and heads in another order give outputs and gradients in that order, exactly',
  concerns: (operator) => hasAxisOf(operator, 'batch', 'inputs'),
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, program }, c) {
    const headSettings = operator.laws.headSettings ?? [];
    const whole = numbersOf(program, c);
    const shapes = new Map<string, Tensor['shape']>([
      ...Object.entries(c.inputs).map(([name, { shape }]) => [`gradient.${name}`, shape] as const),
      ...Object.entries(c.cotangents).map(([name, { shape }]) => [`output.${name}`, shape] as const),
    ]);
    const against = (
      settings: Case['settings'],
      parts: number,
      ...kinds: readonly AxisKind[]
    ): ReturnType<typeof exactly> => {
      const axisAmong = (side: 'inputs' | 'outputs', name: string): number | undefined =>
        kinds.map((kind) => axisOf(operator, kind, side, name)).find((axis) => axis !== undefined);
      const turn = (tensors: Tensors, side: 'inputs' | 'outputs'): Tensors =>
        mapTensors(tensors, (x, name) => {
          const axis = axisAmong(side, name);
          return axis === undefined ? x : reversed(x, axis, parts);
        });
      const [inputs, cotangents] = [turn(c.inputs, 'inputs'), turn(c.cotangents, 'outputs')];
      const turned = numbersOf(program, { ...c, settings, inputs, cotangents });
      const expected = Object.entries(whole).flatMap(([name, data]) => {
        const side = name.startsWith('output.') ? 'outputs' : 'inputs';
        const axis = axisAmong(side, name.slice(name.indexOf('.') + 1));
        return axis === undefined ? [] : [[name, reversed({ shape: shapes.get(name)!, data }, axis, parts).data]];
      });
      return exactly(turned, Object.fromEntries(expected));
    };
    const ofHeads = Object.fromEntries(
      headSettings.map((name) => [name, [...(c.settings[name] as readonly unknown[])].reverse()]),
    );
    // the heads of a group stay together and in order, in which their gradients are summed
    const groups = longestIn(operator, c, 'group');
    return worse(
      against(c.settings, 0, 'batch'),
      hasAxisOf(operator, 'head', 'inputs')
        ? against({ ...c.settings, ...ofHeads }, groups, 'head', 'group')
        : flawless,
    );
  },
};

/** Special cases equal a simpler operator: no dense connections, closed gates, no decay. */
export const reduces: Law = {
  name: 'reduces',
  statement: 'special cases, as m = 0 and closed gates, are the simpler operator, exactly',
  concerns: (operator) => operator.laws.reductions !== undefined,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    return Object.values(operator.laws.reductions!)
      .map(({ change, program: simpler, ignores }) => {
        const special = change(c);
        const expected = Object.entries(numbersOf(simpler(mode), special)).filter(([name]) => !ignores(name));
        return exactly(numbersOf(program, special), Object.fromEntries(expected));
      })
      .reduce(worse, flawless);
  },
};
