/** @file Lists questions that a wrong program may have answered: with inputs, settings or cotangents changed, or cut into blocks. */

import * as fc from 'fast-check';
import { sizeOf } from '../../../../tensor/shape.ts';
import { axisOf, isState, longestIn } from '../../../axes.ts';
import { type Case, mapTensors, type Settings, type Tensor, type Tensors } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import type { Operator } from '../../../operator.ts';
import { axisIn } from '../../../signature.ts';
import { lengthsOf, resized } from '../resized.ts';
import { namedAxes, tensorOf } from '../where.ts';
import { blocks } from './blocks.ts';
import { ofBatches } from './of-batches.ts';
import type { OtherAnswer, Subject } from './other-answer.ts';
import { rearrangements } from './rearranged.ts';
import { seen } from './seen.ts';

/** Yields the right answers to other questions, likely confusions first. `block` is a length of blocks to try. */
export function* otherQuestions(subject: Subject, c: Case, block: number | null): Generator<OtherAnswer> {
  const { operator, mode, right } = subject;
  const asked = ([says, other]: readonly [string, Case]): OtherAnswer => ({
    says,
    numbers: () => (operator.admits(other.settings, mode) ? right(other) : null),
  });
  for (const one of zeroed(operator, c)) yield asked(one);
  yield* ofBatches(subject, c);
  yield* blocks(subject, c, block);
  yield* seen(subject, c, block);
  yield* atTheEnd(subject, c);
  for (const one of ofSettings(c)) yield asked(one);
  for (const one of ofWords(operator, c)) yield asked(one);
  for (const one of exchanged(c)) yield asked(one);
  for (const one of confused(operator, mode, c)) yield asked(one);
  for (const one of scaled(operator, c)) yield asked(one);
}

type Change = readonly [says: string, c: Case];

const withInput = (c: Case, name: string, data: Float64Array): Case => ({
  ...c,
  inputs: { ...c.inputs, [name]: { ...c.inputs[name]!, data } },
});

/** Inputs and cotangents that count as zeros or ones, states first. */
function* zeroed(operator: Operator, c: Case): Generator<Change> {
  const names = Object.keys(c.inputs).sort((a, b) => Number(isState(operator, b)) - Number(isState(operator, a)));
  const all = (of: Tensors, only: (name: string) => boolean): Tensors =>
    mapTensors(of, (x, name) => (only(name) ? { ...x, data: x.data.map(() => 0) } : x));
  const states = names.filter((name) => isState(operator, name));
  if (states.length > 1)
    yield ['as if all states were zeros', { ...c, inputs: all(c.inputs, (name) => states.includes(name)) }];
  for (const name of names) {
    yield [
      `as if ${name} were zeros`,
      withInput(
        c,
        name,
        c.inputs[name]!.data.map(() => 0),
      ),
    ];
  }
  for (const name of Object.keys(c.cotangents)) {
    yield [`as if the cotangent of ${name} were zeros`, { ...c, cotangents: all(c.cotangents, (one) => one === name) }];
  }
  for (const name of names) {
    if (c.inputs[name]!.kind === 'index') continue;
    yield [
      `as if ${name} were ones`,
      withInput(
        c,
        name,
        c.inputs[name]!.data.map(() => 1),
      ),
    ];
  }
}

/** The last token left out, or tokens of zeros added up to a whole chunk. */
function* atTheEnd({ operator, mode, right }: Subject, c: Case): Generator<OtherAnswer> {
  const t = lengthsOf(operator, c).t ?? 0;
  const { chunkSize } = c.settings;
  const chunk = mode === 'chunkwise' && typeof chunkSize === 'number' ? chunkSize : null;
  const to = function* (length: number, says: string): Generator<OtherAnswer> {
    const other = length === t || length < 1 ? null : resized(operator, c, 't', length, 'zeros');
    if (other !== null) yield { says, numbers: () => cut(operator, right(other), other, Math.min(t, length), t) };
  };
  yield* to(t - 1, 'as if the last token were not there');
  if (chunk !== null) {
    yield* to(Math.floor(t / chunk) * chunk, 'as if the tokens after the last whole chunk were not there');
    yield* to(Math.ceil(t / chunk) * chunk, 'as if tokens of zeros filled the last chunk');
  }
}

/** Gives the tensors with a time axis the length `t`, of which the first `length` tokens are known. */
function cut(operator: Operator, numbers: Numbers, c: Case, length: number, t: number): Numbers {
  const entries = Object.entries(numbers).map(([name, data]): [string, Float64Array] => {
    const { side, name: own } = tensorOf(name);
    const axis = axisOf(operator, 'time', side, own);
    const { shape } = (side === 'inputs' ? c.inputs : c.cotangents)[own]!;
    if (axis === undefined) return [name, data];
    const after = shape.slice(axis + 1).reduce((product, one) => product * one, 1);
    const rows = shape.slice(0, axis).reduce((product, one) => product * one, 1);
    const out = new Float64Array(rows * t * after).fill(Number.NaN);
    for (let row = 0; row < rows; row++) {
      const start = row * shape[axis]! * after;
      out.set(data.subarray(start, start + length * after), row * t * after);
    }
    return [name, out];
  });
  return Object.fromEntries(entries);
}

/** Numbers, switches and lists of the settings changed. */
function* ofSettings(c: Case): Generator<Change> {
  const put = (name: string, value: unknown): Case => ({
    ...c,
    settings: { ...c.settings, [name]: value } as Settings,
  });
  for (const [name, value] of Object.entries(c.settings)) {
    if (typeof value === 'boolean') yield [`as if ${name} were the other way`, put(name, !value)];
    if (typeof value === 'number') {
      if (value !== 0) yield [`as if ${name} were 0`, put(name, 0)];
      if (!Number.isInteger(value)) continue;
      yield [`as if ${name} were one more`, put(name, value + 1)];
      if (value > 0) yield [`as if ${name} were one less`, put(name, value - 1)];
    }
    if (Array.isArray(value) && value.every((x) => typeof x === 'number')) {
      const list = value as readonly number[];
      if (list.length > 1) {
        yield [
          `as if every ${name} were the first`,
          put(
            name,
            list.map(() => list[0]),
          ),
        ];
        yield [
          `as if every ${name} were the last`,
          put(
            name,
            list.map(() => list.at(-1)),
          ),
        ];
        yield [`as if ${name} were in reversed order`, put(name, list.toReversed())];
        yield [
          `as if ${name} were rotated by one`,
          put(
            name,
            list.map((_, i) => list[(i + 1) % list.length]),
          ),
        ];
      }
      yield [
        `as if every ${name} were 1`,
        put(
          name,
          list.map(() => 1),
        ),
      ];
      yield [
        `as if every ${name} were squared`,
        put(
          name,
          list.map((x) => x * x),
        ),
      ];
      yield [`as if the root of every ${name} were taken`, put(name, list.map(Math.sqrt))];
    }
  }
}

/** The number of layouts that show what words a setting may have. */
const layoutsWithWords = 48;

/** Settings that are words, with the other words that cases have. */
function* ofWords(operator: Operator, c: Case): Generator<Change> {
  const names = Object.keys(c.settings).filter((name) => typeof c.settings[name] === 'string');
  if (names.length === 0) return;
  const drawn = fc.sample(operator.layouts({ longest: 2 }), { numRuns: layoutsWithWords, seed: 1 });
  for (const name of names) {
    for (const word of new Set(drawn.map(({ settings }) => settings[name]))) {
      if (typeof word !== 'string' || word === c.settings[name]) continue;
      yield [`as if ${name} were '${word}'`, { ...c, settings: { ...c.settings, [name]: word } }];
    }
  }
}

/** Pairs of inputs of one shape, exchanged or multiplied. */
function* exchanged(c: Case): Generator<Change> {
  const all = Object.entries(c.inputs);
  for (const [i, [a, x]] of all.entries()) {
    for (const [b, y] of all.slice(i + 1)) {
      if (x.shape.join() !== y.shape.join() || x.kind !== y.kind) continue;
      yield [`as if ${a} and ${b} were exchanged`, { ...c, inputs: { ...c.inputs, [a]: y, [b]: x } }];
      if (x.kind !== 'index') {
        const product = { ...x, data: x.data.map((value, at) => value * y.data[at]!) };
        yield [`as if ${a} were multiplied by ${b}`, { ...c, inputs: { ...c.inputs, [a]: product } }];
        yield [`as if ${b} were multiplied by ${a}`, { ...c, inputs: { ...c.inputs, [b]: product } }];
      }
      yield [`as if ${b} were ${a}`, { ...c, inputs: { ...c.inputs, [b]: x } }];
      yield [`as if ${a} were ${b}`, { ...c, inputs: { ...c.inputs, [a]: y } }];
    }
  }
}

/** Inputs with their positions or axes confused: each alone, and all together along time. */
function* confused(operator: Operator, mode: string, c: Case): Generator<Change> {
  const wordsOf = (name: string, { shape }: Tensor) =>
    namedAxes(operator, { tensor: `grad/${name}`, shape }, c.settings, mode);
  const isTimed = (name: string): boolean => axisOf(operator, 'time', 'inputs', name) !== undefined;
  for (const [name, x] of Object.entries(c.inputs)) {
    for (const { says, data } of rearrangements(x, wordsOf(name, x))) {
      const filled = data.map((value) => (Number.isNaN(value) ? 0 : value));
      yield [`as if ${name} were read ${says}`, withInput(c, name, filled)];
    }
  }
  if (longestIn(operator, c) < 2) return;
  const timed = Object.keys(c.inputs).filter(isTimed);
  for (const names of timed.length > 1 ? [...timed.map((name) => [name]), timed] : [timed]) {
    const what = names.length > 1 ? 'the inputs' : names[0];
    const changed = (f: (x: Tensor, axis: number) => Float64Array): Case => ({
      ...c,
      inputs: mapTensors(c.inputs, (x, name) =>
        names.includes(name) ? { ...x, data: f(x, axisOf(operator, 'time', 'inputs', name)!) } : x,
      ),
    });
    yield [`as if ${what} were read one token late`, changed((x, axis) => shifted(x, axis, -1))];
    yield [`as if ${what} were read one token early`, changed((x, axis) => shifted(x, axis, 1))];
    yield [`as if ${what} were zeros at the first token`, changed((x, axis) => zeroedAt(x, axis, 0))];
    yield [`as if ${what} were zeros at the last token`, changed((x, axis) => zeroedAt(x, axis, x.shape[axis]! - 1))];
  }
}

/** Zeros at one position along an axis. */
function zeroedAt({ shape, data }: Tensor, axis: number, at: number): Float64Array {
  const after = sizeOf(shape.slice(axis + 1));
  return data.map((value, i) => (Math.floor(i / after) % shape[axis]! === at ? 0 : value));
}

/** Each position along an axis as the one `step` further; the first or last stays. */
function shifted({ shape, data }: Tensor, axis: number, step: number): Float64Array {
  const after = shape.slice(axis + 1).reduce((product, one) => product * one, 1);
  const length = shape[axis]!;
  return data.map((_, i) => {
    const at = Math.floor(i / after) % length;
    return data[i + (Math.min(length - 1, Math.max(0, at + step)) - at) * after]!;
  });
}

/** Real inputs multiplied by the usual constants, or negated. */
function* scaled(operator: Operator, c: Case): Generator<Change> {
  const lengths = Object.entries(lengthsOf(operator, c)).filter(([letter, length]) => letter !== 't' && length > 1);
  const factors: [string, number][] = [
    ['multiplied by -1', -1],
    ['multiplied by 2', 2],
    ['divided by 2', 1 / 2],
    ['multiplied by log 2', Math.LN2],
    ['divided by log 2', 1 / Math.LN2],
    ...lengths.flatMap(([letter, length]): [string, number][] => [
      [`divided by √${letter}`, length ** -0.5],
      [`multiplied by √${letter}`, length ** 0.5],
      [`divided by ${letter}`, 1 / length],
    ]),
  ];
  for (const [name, x] of Object.entries(c.inputs)) {
    if (x.kind === 'index') continue;
    for (const [says, factor] of factors) {
      yield [
        `as if ${name} were ${says}`,
        withInput(
          c,
          name,
          x.data.map((value) => value * factor),
        ),
      ];
    }
    yield [
      `as if ${name} were larger by 1`,
      withInput(
        c,
        name,
        x.data.map((value) => value + 1),
      ),
    ];
    const last = x.shape.at(-1);
    if (last !== undefined && last > 1) {
      const means = Float64Array.from({ length: x.data.length / last }, (_, row) =>
        x.data.subarray(row * last, (row + 1) * last).reduce((sum, value) => sum + value / last, 0),
      );
      const centred = x.data.map((value, i) => value - means[Math.floor(i / last)]!);
      yield [`as if ${name} were read less its mean along the last axis`, withInput(c, name, centred)];
    }
    yield* byHeads(operator, c, name, x);
  }
}

/** An input multiplied or divided by a setting that each head has. */
function* byHeads({ laws, signature }: Operator, c: Case, name: string, x: Tensor): Generator<Change> {
  const axis = laws.heads === undefined ? undefined : axisIn(signature.inputs, laws.heads, name);
  if (axis === undefined) return;
  const after = sizeOf(x.shape.slice(axis + 1));
  for (const setting of laws.headSettings ?? []) {
    const list = c.settings[setting] as readonly number[];
    const of = (i: number): number => list[Math.floor(i / after) % x.shape[axis]!]!;
    const times = x.data.map((value, i) => value * of(i));
    yield [`as if ${name} were multiplied by ${setting}`, withInput(c, name, times)];
    const divided = x.data.map((value, i) => value / of(i));
    yield [`as if ${name} were divided by ${setting}`, withInput(c, name, divided)];
  }
}
