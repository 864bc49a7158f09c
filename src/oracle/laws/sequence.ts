/** @file Laws about time: states hand over, the future does not act. */
import { bounded, boundOf, float64 } from '../../executors/bounded/index.ts';
import { f64 } from '../../executors/f64/index.ts';
import { read } from '../../tensor/input.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { rng } from '../../tensor/random.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { type Case, mapTensors, type Settings, type Tensors, toValue } from '../case.ts';
import { flawless, type Numbers, within, worse } from '../compare.ts';
import type { Law } from '../law.ts';
import type { Operator, TimeAxes } from '../operator.ts';
import { type Evaluation, evaluate, type Named, type Program } from '../program.ts';
import { allowance, boundsOf, numbersOf } from '../tolerance.ts';
import { lengthOf, someOf } from './agreement.ts';

/** The inputs of the tokens [start, stop): sequences cut, everything else whole. */
function cut(operator: Operator, inputs: Named, start: number, stop: number): Record<string, Value> {
  const axes = operator.time!.inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, x]) => [name, name in axes ? slice(x, axes[name]!, start, stop) : x]),
  );
}

/** The program that runs parts of a sequence one after another, each from the state that the one before it left. */
function inParts(operator: Operator, partsOf: (t: number) => readonly (readonly [tokens: number, Program])[]): Program {
  const { inputs: axes, outputs: outputAxes, states, after } = operator.time!;
  return (inputs, settings) => {
    const [name, axis] = Object.entries(axes).find(([input]) => input in inputs)!;
    const results: Named[] = [];
    let start = 0;
    let carried: Record<string, Value> = {};
    for (const [tokens, program] of partsOf(inputs[name]!.shape[axis]!)) {
      const part = cut(operator, inputs, start, start + tokens);
      const result = program({ ...part, ...carried }, after(settings, start));
      carried = Object.fromEntries(
        Object.entries(states).flatMap(([final, initial]) => (final in result ? [[initial, result[final]!]] : [])),
      );
      results.push(result);
      start += tokens;
    }
    return Object.fromEntries(
      Object.entries(results.at(-1)!).map(([output, last]) => [
        output,
        output in outputAxes
          ? concat(
              results.map((result) => result[output]!),
              outputAxes[output]!,
            )
          : last,
      ]),
    );
  };
}

/** A program that runs [0, s) and then [s, T) from the state it left. */
const splitAt = (operator: Operator, s: number, first: Program, rest: Program = first): Program =>
  inParts(operator, (t) => [
    [s, first],
    [t - s, rest],
  ]);

/** A sequence with zeros for the first tokens. */
const delayed = (tensors: Tensors, axes: Readonly<Record<string, number>>, tokens: number): Tensors =>
  mapTensors(tensors, (x, name) => {
    if (!(name in axes)) return x;
    const later = pad(toValue(f64, x), axes[name]!, tokens, 0);
    return { ...x, shape: later.shape, data: read(later) };
  });

/** Without the first tokens, as they were added; of gradients, those that both cases have alike. */
const undelayed = (numbers: Numbers, c: Case, { inputs, outputs, states }: TimeAxes<Settings>): Numbers => {
  const initial = Object.values(states).map((name) => `gradient.${name}`);
  return Object.fromEntries(
    Object.entries(numbers)
      .filter(([name]) => !initial.includes(name))
      .map(([name, x]) => {
        const [kind, part] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
        const axis = kind === 'output' ? outputs[part] : inputs[part];
        if (axis === undefined) return [name, x];
        const { shape } = (kind === 'output' ? c.cotangents : c.inputs)[part]!;
        const inner = sizeOf(shape.slice(axis));
        const outer = sizeOf(shape.slice(0, axis));
        const all = x.length / outer;
        return [name, x.filter((_, i) => i % all >= all - inner)];
      }),
  );
};

/** A model that knows no clock: what comes later is answered later. */
export const shift: Law = {
  name: 'shift',
  statement: 'from a zero state, zeros before the first token only delay the outputs, and change no gradient',
  concerns: ({ timeInvariant }) => timeInvariant === true,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    const time = operator.time!;
    const tokens = 1 + (c.seed % 3);
    const initial = Object.values(time.states);
    const inputs = mapTensors(c.inputs, (x, name) =>
      initial.includes(name) ? { ...x, data: x.data.map(() => 0) } : x,
    );
    const still: Case = { ...c, inputs };
    const late: Case = {
      ...c,
      inputs: delayed(inputs, time.inputs, tokens),
      cotangents: delayed(c.cotangents, time.outputs, tokens),
    };
    const genuine = operator.modes[mode]!;
    const allowed = allowance(boundsOf(genuine, still), undelayed(boundsOf(genuine, late), c, time));
    const expected = undelayed(numbersOf(genuine, still), c, time);
    return within(undelayed(numbersOf(program, late), c, time), expected, allowed);
  },
};

const hasStates = (operator: Operator): boolean => Object.keys(operator.time?.states ?? {}).length > 0;

/** A sequence run in two parts, with the state handed over, is the sequence run at once. */
export const resumable: Law = {
  name: 'resumable',
  statement:
    'at every split, [0, s) then [s, T) from its state equals the whole, gradients through the hand-off included',
  concerns: hasStates,
  applies: (operator, mode, { settings }) =>
    operator.admits(settings, mode) && operator.admits(operator.time!.after(settings, 1), mode),
  size: { longest: 8 },
  check({ operator, mode, program }, c) {
    const genuine = operator.modes[mode]!;
    const whole = numbersOf(genuine, c);
    const bounds = boundsOf(genuine, c);
    const t = lengthOf(operator.time!.inputs, c);
    return someOf(t + 1, c.seed)
      .map((n) => n - 1)
      .filter((s) => operator.splits?.(c.settings, mode, s) ?? true)
      .map((s) => {
        const allowed = allowance(bounds, boundsOf(splitAt(operator, s, genuine), c));
        return within(numbersOf(splitAt(operator, s, program), c), whole, allowed);
      })
      .reduce(worse, flawless);
  },
};

/** A prompt in any mode, then one token at a time: what a model does when it generates. */
export const decoding: Law = {
  name: 'decoding',
  statement: 'prefill in the mode, then one token at a time in recurrent mode, equals the whole',
  concerns: (operator) => hasStates(operator) && 'recurrent' in operator.modes && operator.apart === undefined,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode) && operator.modesAgree(settings),
  check({ operator, mode, program }, c) {
    const t = lengthOf(operator.time!.inputs, c);
    const s = 1 + (c.seed % t);
    const step = operator.modes.recurrent!;
    const decode = (prefill: Program): Program =>
      inParts(operator, () => [[s, prefill], ...Array.from({ length: t - s }, (): [number, Program] => [1, step])]);
    const allowed = allowance(
      boundsOf(operator.modes[operator.reference]!, c),
      boundsOf(decode(operator.modes[mode]!), c),
    );
    return within(numbersOf(decode(program), c), numbersOf(operator.modes[operator.reference]!, c), allowed);
  },
};

/** Another future leaves the past as it was, to the bit; and what was said of the past asks nothing of the future. */
export const causal: Law = {
  name: 'causal',
  statement:
    'later inputs change no earlier output, and earlier cotangents reach no later input: exactly, or within the bounds of a spectral mode',
  concerns: (operator) => Object.keys(operator.time?.outputs ?? {}).length > 0,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    const { inputs: inputAxes, outputs: outputAxes } = operator.time!;
    const t = lengthOf(inputAxes, c);
    const s = c.seed % (t + 1);
    const isSpectral = operator.spectral?.includes(mode) ?? false;
    const boundsIn = (one: Case): Evaluation | null =>
      isSpectral ? evaluate(operator.modes[mode]!, one, bounded(float64)) : null;
    const random = rng(c.seed ^ 0x5eed);
    const otherwise = (x: number, isIndex: boolean): number => (isIndex ? 0 : x + random.normal());
    const changed = mapTime(c.inputs, inputAxes, (x, at, isIndex) => (at < s ? x : otherwise(x, isIndex)));
    const past = (named: Named, of = numbers): Numbers => parts(named, outputAxes, 0, s, of);
    const other = { ...c, inputs: changed };
    const outputs = within(
      past(evaluate(program, other, f64).outputs),
      past(evaluate(program, c, f64).outputs),
      allowance(...[c, other].map((one) => past(boundsIn(one)?.outputs ?? {}, boundOf))),
    );

    const cotangents = mapTime(c.cotangents, outputAxes, (x, at) => (at < s ? x : 0), 0);
    const quiet = { ...c, cotangents };
    const future = (named: Named, of = numbers): Numbers => parts(named, inputAxes, s, t, of);
    const found = future(evaluate(program, quiet, f64).gradients);
    const silence = Object.fromEntries(Object.entries(found).map(([name, x]) => [name, x.map(() => 0)]));
    return worse(outputs, within(found, silence, allowance(future(boundsIn(quiet)?.gradients ?? {}, boundOf))));
  },
};

/** Tensors with each number mapped by where in time it stands; those without a time axis are kept, or filled with a number. */
function mapTime(
  tensors: Case['inputs'],
  axes: Readonly<Record<string, number>>,
  f: (x: number, at: number, isIndex: boolean) => number,
  otherwise?: number,
): Case['inputs'] {
  return mapTensors(tensors, (tensor, name) => {
    const axis = axes[name];
    if (axis === undefined)
      return otherwise === undefined ? tensor : { ...tensor, data: tensor.data.map(() => otherwise) };
    const inner = tensor.shape.slice(axis + 1).reduce((product, length) => product * length, 1);
    const at = (i: number): number => Math.floor(i / inner) % tensor.shape[axis]!;
    return { ...tensor, data: tensor.data.map((x, i) => f(x, at(i), tensor.kind === 'index')) };
  });
}

const numbers = (x: Value): Float64Array => x.on.read(x.data);

const parts = (
  named: Named,
  axes: Readonly<Record<string, number>>,
  start: number,
  stop: number,
  of: (x: Value) => Float64Array,
): Numbers =>
  Object.fromEntries(
    Object.entries(named).flatMap(([name, x]) => {
      const axis = axes[name];
      return axis === undefined ? [] : [[name, of(slice(x, axis, start, stop))]];
    }),
  );
