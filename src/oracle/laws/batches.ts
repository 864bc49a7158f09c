/** @file Laws of batches: a sequence has the same results padded, packed and alone. */
import { f64 } from '../../executors/f64/index.ts';
import { type Batch, packedBatch, paddedBatch, type Span } from '../../nn/batches/batch.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { rng } from '../../tensor/random.ts';
import type { Value } from '../../tensor/value.ts';
import { axisOf, growingAxis, isOfOneSequence, longestIn } from '../axes.ts';
import { isOfSequence, ofSequence, ownOf } from '../batchable.ts';
import { type Case, type Tensor, toValue } from '../case.ts';
import { within } from '../compare.ts';
import type { Law } from '../law.ts';
import type { Operator } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { allowance, boundsOf, mapBoth, numbersOf } from '../tolerance.ts';

/** Slices a tensor along an axis. */
const part = (x: Tensor, axis: number, start: number, stop: number): Tensor =>
  asTensor(slice(toValue(f64, x), axis, start, stop));

const asTensor = ({ shape, kind, data }: Value): Tensor => ({ shape, kind, data: f64.read(data as Float64Array) });

/** Draws a sequence within each row, from the case's seed: at the start, the end or between; one in eight is empty. */
function drawnSpans(c: Case, rows: number, places: number): Span[] {
  const random = rng(c.seed ^ 0xba7c4);
  return Array.from({ length: rows }, (_, row) => {
    const length = random.integer(8) === 0 ? 0 : 1 + random.integer(places);
    const room = places - length;
    const start = [0, room, random.integer(room + 1)][random.integer(3)]!;
    return { row, start: length === 0 ? 0 : start, length };
  });
}

/** A batch and its case, with separate states and cotangents for each sequence. */
interface BatchCase {
  readonly batch: Batch;
  readonly c: Case;
}

/** Makes a batch from a case. A part of each row becomes a sequence. */
function batchCase(kind: Kind, operator: Operator, c: Case): BatchCase {
  const isTimed = (name: string): boolean => axisOf(operator, 'time', 'inputs', name) !== undefined;
  const first = Object.keys(c.inputs).find(isTimed)!;
  const [rows, places] = [c.inputs[first]!.shape[0]!, longestIn(operator, c)];
  const spans = drawnSpans(c, rows, places);
  // each row of the first axis holds one sequence
  const own = (x: Tensor, i: number): Tensor => part(x, 0, i, i + 1);
  const tokensOf = (x: Tensor, axis: number, i: number): Tensor =>
    part(own(x, i), axis, spans[i]!.start, spans[i]!.start + spans[i]!.length);
  const grown = (name: string, x: Tensor, i: number): Tensor => {
    const axis = growingAxis(operator, name);
    const one = own(x, i);
    return axis === undefined ? one : part(one, axis, 0, x.shape[axis]! - places + spans[i]!.length);
  };
  const perSequence = (name: string, of: (i: number) => Tensor): [string, Tensor][] =>
    spans.map((_, i) => [ofSequence(name, i), of(i)]);
  const packed = (x: Tensor, axis: number): Tensor =>
    asTensor(
      concat(
        spans.map((_, i) => toValue(f64, tokensOf(x, axis, i))),
        axis,
      ),
    );
  const inputs = Object.entries(c.inputs).flatMap(([name, x]): [string, Tensor][] => {
    const axis = axisOf(operator, 'time', 'inputs', name);
    if (isOfOneSequence(operator, name)) return perSequence(name, (i) => own(x, i));
    if (axis === undefined) return [[name, x]];
    return [[name, kind === 'packed' ? packed(x, axis) : spoilt(x, axis, spans, c.seed)]];
  });
  const cotangents = Object.entries(c.cotangents).flatMap(([name, x]) => {
    const axis = axisOf(operator, 'time', 'outputs', name);
    return perSequence(name, (i) => (axis === undefined ? grown(name, x, i) : tokensOf(x, axis, i)));
  });
  return {
    batch: kind === 'packed' ? packedSpans(spans) : paddedBatch(maskOf(spans, places)),
    c: { ...c, inputs: Object.fromEntries(inputs), cotangents: Object.fromEntries(cotangents) },
  };
}

const packedSpans = (spans: readonly Span[]): Batch => {
  const bounds = [0];
  for (const { length } of spans) bounds.push(bounds.at(-1)! + length);
  return packedBatch(bounds);
};

const maskOf = (spans: readonly Span[], places: number): number[][] =>
  spans.map(({ start, length }) => Array.from({ length: places }, (_, t) => +(t >= start && t < start + length)));

/** Replaces the numbers at padding by NaN in half of the cases, and keeps them in the others. Neither may change a result. */
function spoilt(x: Tensor, axis: number, spans: readonly Span[], seed: number): Tensor {
  if (x.kind === 'index' || seed % 2 === 0) return x;
  const [places, inner] = [x.shape[axis]!, x.shape.slice(axis + 1).reduce((product, n) => product * n, 1)];
  const perRow = x.data.length / x.shape[0]!;
  const isPadding = (i: number): boolean => {
    const { start, length } = spans[Math.floor(i / perRow)]!;
    const t = Math.floor(i / inner) % places;
    return t < start || t >= start + length;
  };
  return { ...x, data: x.data.map((value, i) => (isPadding(i) ? Number.NaN : value)) };
}

/** Slices the tokens of a sequence, as a batch of one. */
const tokensOf = (x: Value, { row, start, length }: Span, axis: number): Value =>
  slice(slice(x, 0, row, row + 1), axis, start, start + length);

/** Runs a program on a batch and splits its outputs by sequence. Drops outputs at padding. */
const inBatch =
  (operator: Operator, batch: Batch, program: Program): Program =>
  (inputs, settings) => {
    const results = Object.entries(program(inputs, { ...settings, batch }));
    return Object.fromEntries(
      results.flatMap(([name, x]): [string, Value][] => {
        const axis = axisOf(operator, 'time', 'outputs', name);
        if (axis === undefined) return [[name, x]];
        return batch.spans.map((span, i) => [ofSequence(name, i), tokensOf(x, span, axis)]);
      }),
    );
  };

/** Runs a program on each sequence of a batch alone. */
const alone =
  (operator: Operator, batch: Batch, program: Program): Program =>
  (inputs, settings) => {
    const results = batch.spans.map((span, i): Named => {
      const tokens = Object.entries(inputs).flatMap(([name, x]): [string, Value][] => {
        if (isOfSequence(name)) return [];
        const axis = axisOf(operator, 'time', 'inputs', name);
        return [[name, axis === undefined ? x : tokensOf(x, span, axis)]];
      });
      return program({ ...Object.fromEntries(tokens), ...ownOf(inputs, i) }, settings);
    });
    return Object.fromEntries(
      results.flatMap((result, i) => Object.entries(result).map(([name, x]) => [ofSequence(name, i), x])),
    );
  };

type Kind = 'padded' | 'packed';

/** A case in a batch, and the programs that must agree on it: all sequences together, and each alone. */
export function bothWays(kind: Kind, operator: Operator, c: Case) {
  const { batch, c: own } = batchCase(kind, operator, c);
  return {
    c: own,
    together: (program: Program): Program => inBatch(operator, batch, program),
    apart: (program: Program): Program => alone(operator, batch, program),
  };
}

const batchLaw = (name: Kind, statement: string): Law => ({
  name,
  statement,
  concerns: (operator) => operator.batches === true,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode),
  size: { longest: 8 },
  check({ operator, mode, program }, c) {
    const { c: own, together, apart } = bothWays(name, operator, c);
    const genuine = operator.modes[mode]!;
    const expected = apart(genuine);
    const [found, right] = mapBoth(together, program, genuine);
    const allowed = allowance(boundsOf(expected, own), boundsOf(right, own));
    return within(numbersOf(found, own), numbersOf(expected, own), allowed);
  },
});

/** The law of padded batches, with one sequence in each row. */
export const padded = batchLaw(
  'padded',
  'a padded sequence has the outputs, final state and gradients that it has alone, for any numbers at padding',
);

/** The law of packed batches, with several sequences in one row. */
export const packed = batchLaw(
  'packed',
  'a packed sequence has the outputs, final state and gradients that it has alone',
);
