/** @file Laws of time: time invariance, resuming from a state, decoding, causality. */
import { bounded, boundOf, float64 } from '../../executors/bounded/index.ts';
import { f64 } from '../../executors/f64/index.ts';
import { read } from '../../tensor/input.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { rng } from '../../tensor/random.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { axisOf, hasAxisOf, hasStates, isState, longestIn } from '../axes.ts';
import { type Case, mapTensors, type Tensors, toValue } from '../case.ts';
import { flawless, type Numbers, within, worse } from '../compare.ts';
import type { Law } from '../law.ts';
import { mapValues } from '../named.ts';
import type { Operator } from '../operator.ts';
import { type Evaluation, evaluate, type Named, type Program } from '../program.ts';
import { allowance, boundsOf, mapBoth, numbersOf } from '../tolerance.ts';
import { someOf } from './agreement.ts';

/** Slices the sequences to the tokens [start, stop). Positions count on; other inputs without a time axis stay whole. */
function cut(operator: Operator, inputs: Named, start: number, stop: number): Record<string, Value> {
  return mapValues(inputs, (x, name) => {
    const axis = axisOf(operator, 'time', 'inputs', name);
    if (axis !== undefined) return slice(x, axis, start, stop);
    return operator.positions?.includes(name) ? later(x, start) : x;
  });
}

/** Adds to an index. */
const later = (x: Value, tokens: number): Value => {
  const positions = Float64Array.from(x.on.read(x.data), (p) => p + tokens);
  return { ...x, data: x.on.input(positions, x.shape, 'index') };
};

/** Runs parts of a sequence one after another. Each part starts from the final state of the previous one. */
function inParts(operator: Operator, partsOf: (t: number) => readonly (readonly [tokens: number, Program])[]): Program {
  return (inputs, settings) => {
    const results: Named[] = [];
    let start = 0;
    let carried: Record<string, Value> = {};
    for (const [tokens, program] of partsOf(longestIn(operator, { inputs }))) {
      const part = cut(operator, inputs, start, start + tokens);
      const result = program({ ...part, ...carried }, operator.after(settings, start));
      carried = Object.fromEntries(Object.entries(result).filter(([name]) => isState(operator, name)));
      results.push(result);
      start += tokens;
    }
    return mapValues(results.at(-1)!, (last, name) => {
      const axis = axisOf(operator, 'time', 'outputs', name);
      const all = results.map((result) => result[name]!);
      return axis === undefined ? last : concat(all, axis);
    });
  };
}

/** Runs [0, s), then [s, T) from the resulting state. */
const splitAt = (operator: Operator, s: number, first: Program, rest: Program = first): Program =>
  inParts(operator, (t) => [
    [s, first],
    [t - s, rest],
  ]);

/** Inserts zeros before the first token of every sequence. */
const delayed = (operator: Operator, tensors: Tensors, side: 'inputs' | 'outputs', tokens: number): Tensors =>
  mapTensors(tensors, (x, name) => {
    const axis = axisOf(operator, 'time', side, name);
    if (axis === undefined) return x;
    const later = pad(toValue(f64, x), axis, tokens, 0);
    return { ...x, shape: later.shape, data: read(later) };
  });

/** Removes the numbers of the inserted tokens, and the gradients of initial states. */
const undelayed = (operator: Operator, numbers: Numbers, c: Case): Numbers =>
  Object.fromEntries(
    Object.entries(numbers).flatMap(([name, x]) => {
      const [kind, part] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
      if (kind === 'gradient' && isState(operator, part)) return [];
      const side = kind === 'output' ? 'outputs' : 'inputs';
      const axis = axisOf(operator, 'time', side, part);
      if (axis === undefined) return [[name, x]];
      const { shape } = (side === 'outputs' ? c.cotangents : c.inputs)[part]!;
      const inner = sizeOf(shape.slice(axis));
      const all = x.length / sizeOf(shape.slice(0, axis));
      return [[name, x.filter((_, i) => i % all >= all - inner)]];
    }),
  );

/** Time invariance: delayed inputs give equally delayed outputs. */
export const shift: Law = {
  name: 'shift',
  statement: 'from a zero state, zeros before the first token only delay the outputs, and change no gradient',
  concerns: (operator) => operator.laws.timeInvariant === true,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    const tokens = 1 + (c.seed % 3);
    const inputs = mapTensors(c.inputs, (x, name) =>
      isState(operator, name) ? { ...x, data: x.data.map(() => 0) } : x,
    );
    const still: Case = { ...c, inputs };
    const late: Case = {
      ...c,
      inputs: delayed(operator, inputs, 'inputs', tokens),
      cotangents: delayed(operator, c.cotangents, 'outputs', tokens),
    };
    const genuine = operator.modes[mode]!;
    const allowed = allowance(boundsOf(genuine, still), undelayed(operator, boundsOf(genuine, late), c));
    const expected = undelayed(operator, numbersOf(genuine, still), c);
    return within(undelayed(operator, numbersOf(program, late), c), expected, allowed);
  },
};

/** Running a sequence in two parts, through the state between them, equals running it at once. */
export const resumable: Law = {
  name: 'resumable',
  statement:
    'at every split, [0, s) then [s, T) from its state equals the whole, gradients through the hand-off included',
  concerns: hasStates,
  applies: (operator, mode, { settings }) =>
    operator.admits(settings, mode) && operator.admits(operator.after(settings, 1), mode),
  size: { longest: 8 },
  check({ operator, mode, program }, c) {
    const genuine = operator.modes[mode]!;
    const bounds = boundsOf(genuine, c);
    const whole = numbersOf(genuine, c);
    const t = longestIn(operator, c);
    return someOf(t + 1, c.seed)
      .map((n) => n - 1)
      .filter((s) => operator.splits?.(c.settings, mode, s) ?? true)
      .map((s) => {
        const [split, right] = mapBoth((one) => splitAt(operator, s, one), program, genuine);
        const allowed = allowance(bounds, boundsOf(right, c));
        return within(numbersOf(split, c), whole, allowed);
      })
      .reduce(worse, flawless);
  },
};

/** Generation: a prefill in any mode, then one token at a time, equals the whole sequence. */
export const decoding: Law = {
  name: 'decoding',
  statement: 'prefill in the mode, then one token at a time in recurrent mode, equals the whole',
  concerns: (operator) => hasStates(operator) && 'recurrent' in operator.modes && operator.apart === undefined,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode) && operator.modesAgree(settings),
  check({ operator, mode, program }, c) {
    const t = longestIn(operator, c);
    const s = 1 + (c.seed % t);
    const step = operator.modes.recurrent!;
    const decode = (prefill: Program): Program =>
      inParts(operator, () => [[s, prefill], ...Array.from({ length: t - s }, (): [number, Program] => [1, step])]);
    const [decoded, right] = mapBoth(decode, program, operator.modes[mode]!);
    const allowed = allowance(boundsOf(operator.modes[operator.reference]!, c), boundsOf(right, c));
    return within(numbersOf(decoded, c), numbersOf(operator.modes[operator.reference]!, c), allowed);
  },
};

/** Causality: changing later tokens changes no bit of earlier outputs, and earlier cotangents give later inputs no gradient. */
export const causal: Law = {
  name: 'causal',
  statement:
    'later inputs change no earlier output, and earlier cotangents reach no later input: exactly, or within the bounds of a spectral mode',
  concerns: (operator) => hasAxisOf(operator, 'time', 'outputs'),
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    const t = longestIn(operator, c);
    const s = c.seed % (t + 1);
    const isSpectral = operator.laws.spectral?.includes(mode) ?? false;
    const boundsIn = (one: Case): Evaluation | null =>
      isSpectral ? evaluate(operator.modes[mode]!, one, bounded(float64)) : null;
    const random = rng(c.seed ^ 0x5eed);
    const otherwise = (x: number, isIndex: boolean): number => (isIndex ? 0 : x + random.normal());
    const changed = mapTime(operator, 'inputs', c.inputs, (x, at, isIndex) => (at < s ? x : otherwise(x, isIndex)));
    const past = (named: Named, of = numbers): Numbers => parts(operator, 'outputs', named, 0, s, of);
    const other = { ...c, inputs: changed };
    const outputs = within(
      past(evaluate(program, other, f64).outputs),
      past(evaluate(program, c, f64).outputs),
      allowance(...[c, other].map((one) => past(boundsIn(one)?.outputs ?? {}, boundOf))),
    );

    const cotangents = mapTime(operator, 'outputs', c.cotangents, (x, at) => (at < s ? x : 0), 0);
    const quiet = { ...c, cotangents };
    const future = (named: Named, of = numbers): Numbers => parts(operator, 'inputs', named, s, t, of);
    const found = future(evaluate(program, quiet, f64).gradients);
    const silence = Object.fromEntries(Object.entries(found).map(([name, x]) => [name, x.map(() => 0)]));
    return worse(outputs, within(found, silence, allowance(future(boundsIn(quiet)?.gradients ?? {}, boundOf))));
  },
};

/** Maps each number by its time step. A tensor without a time axis is filled with `otherwise`, or kept if that is absent. */
function mapTime(
  operator: Operator,
  side: 'inputs' | 'outputs',
  tensors: Tensors,
  f: (x: number, at: number, isIndex: boolean) => number,
  otherwise?: number,
): Tensors {
  return mapTensors(tensors, (tensor, name) => {
    const axis = axisOf(operator, 'time', side, name);
    if (axis === undefined)
      return otherwise === undefined ? tensor : { ...tensor, data: tensor.data.map(() => otherwise) };
    const inner = tensor.shape.slice(axis + 1).reduce((product, length) => product * length, 1);
    const at = (i: number): number => Math.floor(i / inner) % tensor.shape[axis]!;
    return { ...tensor, data: tensor.data.map((x, i) => f(x, at(i), tensor.kind === 'index')) };
  });
}

const numbers = (x: Value): Float64Array => x.on.read(x.data);

const parts = (
  operator: Operator,
  side: 'inputs' | 'outputs',
  named: Named,
  start: number,
  stop: number,
  of: (x: Value) => Float64Array,
): Numbers =>
  Object.fromEntries(
    Object.entries(named).flatMap(([name, x]) => {
      const axis = axisOf(operator, 'time', side, name);
      return axis === undefined ? [] : [[name, of(slice(x, axis, start, stop))]];
    }),
  );
