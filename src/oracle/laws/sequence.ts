/** @file Laws about time: states hand over, the future does not act. */
import { f64 } from '../../executors/f64/index.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { rng } from '../../tensor/random.ts';
import type { Value } from '../../tensor/value.ts';
import type { Case, Tensor } from '../case.ts';
import { exactly, flawless, type Numbers, within, worse } from '../compare.ts';
import type { Law } from '../law.ts';
import type { Operator } from '../operator.ts';
import { evaluate, type Named, type Program } from '../program.ts';
import { allowance, boundsOf, modeBounds, numbersOf } from '../tolerance.ts';
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
    const bounds = modeBounds(operator, mode, c);
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
    const allowed = allowance(modeBounds(operator, operator.reference, c), boundsOf(decode(operator.modes[mode]!), c));
    return within(numbersOf(decode(program), c), numbersOf(operator.modes[operator.reference]!, c), allowed);
  },
};

/** Another future leaves the past as it was, to the bit; and what was said of the past asks nothing of the future. */
export const causal: Law = {
  name: 'causal',
  statement: 'later inputs change no earlier output, and earlier cotangents reach no later input: both exactly',
  concerns: (operator) => Object.keys(operator.time?.outputs ?? {}).length > 0,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  check({ operator, program }, c) {
    const { inputs: inputAxes, outputs: outputAxes } = operator.time!;
    const t = lengthOf(inputAxes, c);
    const s = c.seed % (t + 1);
    const random = rng(c.seed ^ 0x5eed);
    const otherwise = (x: number, isIndex: boolean): number => (isIndex ? 0 : x + random.normal());
    const changed = mapTime(c.inputs, inputAxes, (x, at, isIndex) => (at < s ? x : otherwise(x, isIndex)));
    const past = (named: Named): Numbers => before(named, outputAxes, s);
    const outputs = exactly(
      past(evaluate(program, { ...c, inputs: changed }, f64).outputs),
      past(evaluate(program, c, f64).outputs),
    );

    const cotangents = mapTime(c.cotangents, outputAxes, (x, at) => (at < s ? x : 0), 0);
    const { gradients } = evaluate(program, { ...c, cotangents }, f64);
    const future = after(gradients, inputAxes, s, t);
    const silence = Object.fromEntries(Object.entries(future).map(([name, x]) => [name, x.map(() => 0)]));
    return worse(outputs, exactly(future, silence));
  },
};

/** Tensors with each number mapped by where in time it stands; those without a time axis are kept, or filled with a number. */
function mapTime(
  tensors: Case['inputs'],
  axes: Readonly<Record<string, number>>,
  f: (x: number, at: number, isIndex: boolean) => number,
  otherwise?: number,
): Case['inputs'] {
  const map = (name: string, tensor: Tensor): Tensor => {
    const axis = axes[name];
    if (axis === undefined)
      return otherwise === undefined ? tensor : { ...tensor, data: tensor.data.map(() => otherwise) };
    const inner = tensor.shape.slice(axis + 1).reduce((product, length) => product * length, 1);
    const at = (i: number): number => Math.floor(i / inner) % tensor.shape[axis]!;
    return { ...tensor, data: tensor.data.map((x, i) => f(x, at(i), tensor.kind === 'index')) };
  };
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(name, tensor)]));
}

const parts = (named: Named, axes: Readonly<Record<string, number>>, start: number, stop: number): Numbers =>
  Object.fromEntries(
    Object.entries(named).flatMap(([name, x]) => {
      const axis = axes[name];
      if (axis === undefined) return [];
      const part = slice(x, axis, start, stop);
      return [[name, part.on.read(part.data)]];
    }),
  );

const before = (named: Named, axes: Readonly<Record<string, number>>, s: number): Numbers => parts(named, axes, 0, s);
const after = (named: Named, axes: Readonly<Record<string, number>>, s: number, t: number): Numbers =>
  parts(named, axes, s, t);
