/** @file Lists what a wrong program may have made of a batch: boundaries, states or padding confused. */
import { sizeOf } from '../../../../tensor/shape.ts';
import { axisOf, isState, longestIn } from '../../../axes.ts';
import { batchOf } from '../../../batches/alone.ts';
import { sentCase } from '../../../batches/asked.ts';
import { type Case, mapTensors, type Tensor } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import type { Operator } from '../../../operator.ts';
import { resized } from '../resized.ts';
import { tensorOf } from '../where.ts';
import type { OtherAnswer, Subject } from './other-answer.ts';

/** Yields the answers of programs that confuse the sequences of a batch; none if sequences have equal lengths. */
export function* ofBatches(subject: Subject, c: Case): Generator<OtherAnswer> {
  const { batched } = subject.operator;
  if (batched?.kind === 'packed') yield* ofPacked(subject, c);
  if (batched?.kind === 'padded') yield* ofPadded(subject, c);
}

function* ofPacked({ operator, right }: Subject, c: Case): Generator<OtherAnswer> {
  const lengths = c.settings.lengths as readonly number[];
  const n = lengths.length;
  const asked = (says: string, other: Case): OtherAnswer => ({ says, numbers: () => right(other) });
  if (n < 2) return;
  yield {
    says: 'as if each sequence went on from the end of the one before it',
    numbers: () => oneByOne(operator, right, c),
  };
  yield asked(
    'as if the initial states were in reversed order',
    withStates(operator, c, (i) => n - 1 - i),
  );
  yield asked(
    'as if every sequence had the initial state of the first',
    withStates(operator, c, () => 0),
  );
  yield asked(
    'as if only the first sequence had an initial state',
    withStates(operator, c, (i) => (i === 0 ? 0 : null)),
  );
  for (const [says, step] of [
    ['as if sequences ended one token later', 1],
    ['as if sequences ended one token early', -1],
  ] as const) {
    yield asked(says, withLengths(c, movedEnds(lengths, step)));
  }
}

/** A tensor's rows, each from another one, or zeros. */
function rows(data: Float64Array, n: number, from: (i: number) => number | null): Float64Array {
  const size = data.length / n;
  return data.map((_, at) => {
    const row = from(Math.floor(at / size));
    return row === null ? 0 : data[row * size + (at % size)]!;
  });
}

const withStates = (operator: Operator, c: Case, from: (i: number) => number | null): Case => ({
  ...c,
  inputs: mapTensors(c.inputs, (x, name) =>
    isState(operator, name) ? { ...x, data: rows(x.data, x.shape[0]!, from) } : x,
  ),
});

const withLengths = (c: Case, lengths: readonly number[]): Case => ({ ...c, settings: { ...c.settings, lengths } });

/** The lengths where every sequence but the last ends some tokens later, as far as there are tokens. */
function movedEnds(lengths: readonly number[], step: number): number[] {
  const t = lengths.reduce((sum, length) => sum + length, 0);
  let [end, last] = [0, 0];
  return lengths.map((length, i) => {
    end += length;
    const at = i === lengths.length - 1 ? t : Math.max(last, Math.min(t, end + step));
    const own = at - last;
    last = at;
    return own;
  });
}

/** The outputs of one sequence of all tokens, and its states at the ends of the sequences. */
function oneByOne(operator: Operator, right: Subject['right'], c: Case): Numbers {
  const lengths = c.settings.lengths as readonly number[];
  const n = lengths.length;
  const first = resized(operator, c, 'b', 1) ?? withLengths(c, [lengths.reduce((sum, length) => sum + length, 0)]);
  const all = right(first);
  const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0));
  const after = ends.map((end) => right(resized(operator, first, 't', end)!));
  return Object.fromEntries(
    Object.entries(all).flatMap(([tensor, data]): [string, Float64Array][] => {
      const { side, name } = tensorOf(tensor);
      if (side !== 'outputs') return [];
      if (!isState(operator, name)) return [[tensor, data]];
      const states = new Float64Array(n * data.length);
      for (const [i, own] of after.entries()) states.set(own[tensor]!, i * data.length);
      return [[tensor, states]];
    }),
  );
}

function* ofPadded({ operator, right }: Subject, c: Case): Generator<OtherAnswer> {
  const places = longestIn(operator, c);
  const whole = withLengths(
    sentCase(operator, c),
    (c.settings.lengths as readonly number[]).map(() => places),
  );
  const asked = (says: string, other: Case): OtherAnswer => ({
    says,
    numbers: () => unpadded(operator, c, right(other)),
  });
  yield asked('as if padding counted as tokens', whole);
  const timed = Object.keys(c.inputs).filter((name) => timeOf(operator, name) !== undefined);
  for (const names of [timed, ...(timed.length > 1 ? timed.map((name) => [name]) : [])]) {
    const what = names === timed ? 'zeros' : `tokens whose ${names[0]} is zeros`;
    const inputs = mapTensors(whole.inputs, (x, name) =>
      names.includes(name) ? { ...x, data: atPadding(operator, c, 'inputs', name, x, 0) } : x,
    );
    yield asked(`as if padding were ${what}`, { ...whole, inputs });
  }
  const padding = c.settings.padding === 'left' ? 'right' : 'left';
  yield asked(`as if padding stood on the other side`, { ...c, settings: { ...c.settings, padding } });
}

const timeOf = (operator: Operator, name: string): number | undefined => axisOf(operator, 'time', 'inputs', name);

/** Numbers in which outputs at padding may be anything. */
const unpadded = (operator: Operator, c: Case, numbers: Numbers): Numbers =>
  Object.fromEntries(
    Object.entries(numbers).map(([tensor, data]) => {
      const { side, name } = tensorOf(tensor);
      if (side === 'inputs') return [tensor, data];
      return [tensor, atPadding(operator, c, side, name, { ...c.cotangents[name]!, data }, Number.NaN)];
    }),
  );

/** A tensor's numbers with another one at padding. */
function atPadding(
  operator: Operator,
  { inputs, settings }: Case,
  side: 'inputs' | 'outputs',
  name: string,
  { shape, data }: Tensor,
  value: number,
): Float64Array {
  const axis = axisOf(operator, 'time', side, name);
  if (axis === undefined) return data;
  const { spans } = batchOf(operator, 'padded', inputs, settings);
  const [ofPlace, ofRow] = [sizeOf(shape.slice(axis + 1)), sizeOf(shape.slice(1))];
  return data.map((x, i) => {
    const { start, length } = spans[Math.floor(i / ofRow)]!;
    const place = Math.floor(i / ofPlace) % shape[axis]!;
    return place < start || place >= start + length ? value : x;
  });
}
