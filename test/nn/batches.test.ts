/** @file Batches: their description, and retention and scans of a batch against each sequence run alone. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import {
  type Batch,
  batchedAttention,
  batchedRetention,
  eachSequence,
  emptyCache,
  type Mode,
  packedBatch,
  paddedBatch,
  recurrentRetention,
  scanBatch,
  scanStates,
} from '../../src/nn/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { zerosLike } from '../../src/tensor/operand.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { rng } from '../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import type { Value } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';
import { refuses, untyped } from '../support/refusals.ts';

const modes: readonly Mode[] = [{ name: 'parallel' }, { name: 'chunkwise', chunkSize: 3 }, { name: 'recurrent' }];

/** Draws from {−1, 0, 1}: sums and products with a few factors ½ are exact. */
const drawn = (seed: number, shape: Shape): Value => {
  const random = rng(seed);
  return input(
    f64,
    Float64Array.from({ length: sizeOf(shape) }, () => random.integer(3) - 1),
    shape,
  );
};

/** Padded and packed batches, empty sequences included. */
const batches: fc.Arbitrary<Batch> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.array(fc.tuple(fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 3 }))
    .map(([places, rows]) =>
      paddedBatch(
        rows.map(([a, b]) => {
          const length = a % (places + 1);
          const start = b % (places - length + 1);
          return Array.from({ length: places }, (_, t) => +(t >= start && t < start + length));
        }),
      ),
    ),
  fc
    .array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 })
    .map((lengths) => packedBatch([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))])),
);

describe('a batch', () => {
  it('has a span for each row of a mask: padding before, after, on both sides, absent, or everywhere', () => {
    const mask = [
      [0, 0, 1],
      [1, 1, 0],
      [0, 1, 0],
      [1, 1, 1],
      [0, 0, 0],
    ];
    expect(paddedBatch(mask)).toEqual({
      rows: 5,
      places: 3,
      spans: [
        { row: 0, start: 2, length: 1 },
        { row: 1, start: 0, length: 2 },
        { row: 2, start: 1, length: 1 },
        { row: 3, start: 0, length: 3 },
        { row: 4, start: 0, length: 0 },
      ],
    });
  });

  it('has a span in its single row for each pair of cumulative lengths', () => {
    expect(packedBatch([0, 3, 3, 4])).toEqual({
      rows: 1,
      places: 4,
      spans: [
        { row: 0, start: 0, length: 3 },
        { row: 0, start: 3, length: 0 },
        { row: 0, start: 3, length: 1 },
      ],
    });
  });
});

describe('a mask is refused', () => {
  refuses([
    [
      () => paddedBatch([]),
      'paddedBatch: the mask is a list of 0; give a list of ones and zeros for each row, one at least',
    ],
    [
      () => paddedBatch(untyped(7)),
      'paddedBatch: the mask is 7; give a list of ones and zeros for each row, one at least',
    ],
    [() => paddedBatch(untyped([1, 0])), 'paddedBatch: row 0 of the mask is 1; it is a list of 1 and 0'],
    [() => paddedBatch([[1, 1], [1]]), 'paddedBatch: row 1 of the mask has 1 entries and row 0 has 2; make them equal'],
    [
      () => paddedBatch([[1, 0.5]]),
      'paddedBatch: entry 1 of row 0 of the mask is 0.5; it is 1 for a token, 0 for padding',
    ],
    [
      () => paddedBatch(untyped([[true, false]])),
      'paddedBatch: entry 0 of row 0 of the mask is true; it is 1 for a token, 0 for padding',
    ],
    [
      () =>
        paddedBatch([
          [1, 1, 1],
          [1, 0, 1],
        ]),
      'paddedBatch: entry 1 of row 1 of the mask is 0 between ones; padding stands before or after a sequence, so move it or pack the row',
    ],
  ]);
});

describe('cumulative lengths are refused', () => {
  refuses([
    [
      () => packedBatch([0]),
      'packedBatch: cuSeqlens is a list of 1; for n sequences it has n + 1 entries, n at least 1',
    ],
    [() => packedBatch([1, 2]), 'packedBatch: cuSeqlens starts with 1; the first sequence starts at 0'],
    [
      () => packedBatch([0, 5, 3]),
      'packedBatch: cuSeqlens falls from 5 to 3 at entry 2; it cumulates lengths, so it never falls',
    ],
    [() => packedBatch([0, 1.5]), 'packedBatch: entry 1 of cuSeqlens is 1.5; it is an integer'],
  ]);
});

describe('an argument that does not fit the batch is refused', () => {
  const one = tensor([[[[1], [1]]]]);
  const inputs = { q: one, k: one, v: one, decay: [0.5] };
  const state = tensor([[[[0]]]]);
  const run = (batch: Batch, states: readonly Value[], mode: Mode = { name: 'parallel' }) => {
    return () => batchedRetention(mode, batch, inputs, states);
  };
  const other = 'so mask or cuSeqlens are of another one';
  refuses([
    [
      run(packedBatch([0, 1, 3]), [state, state]),
      `batchedRetention: q has shape [1, 1, 2, 1], 1 rows of 2 places; the batch has 1 of 3, ${other}`,
    ],
    [
      run(
        paddedBatch([
          [1, 1],
          [1, 0],
        ]),
        [state, state],
      ),
      `batchedRetention: q has shape [1, 1, 2, 1], 1 rows of 2 places; the batch has 2 of 2, ${other}`,
    ],
    [
      run(packedBatch([0, 1, 2]), [state]),
      'batchedRetention: 1 states for 2 sequences; give a list with one for each, made for a batch of one',
    ],
    [
      run(packedBatch([0, 1, 2]), untyped(state)),
      'batchedRetention: the states are an object for 2 sequences; give a list with one for each, made for a batch of one',
    ],
    [
      run(packedBatch([0, 1, 2]), [state, concat([state, state], 0)]),
      'batchedRetention: state 1 has shape [2, 1, 1, 1]; for these q and v it is [1, 1, 1, 1]',
    ],
    [
      () =>
        batchedAttention({ name: 'parallel' }, packedBatch([0, 2]), { q: one, k: one, v: one, factor: 1 }, [
          untyped(state),
        ]),
      'batchedAttention: sequence 0: the cached keys is undefined, not a value; make one with tensor(…)',
    ],
    [
      () =>
        eachSequence(packedBatch([0, 2]), 1, (x: Value, s: Value) => ({ output: x, state: s }), tensor([[1]]), [state]),
      `eachSequence: the input has shape [1, 1], 1 rows of 1 places; the batch has 1 of 2, ${other}`,
    ],
    [
      () => scanBatch(packedBatch([0, 1]), 1, { a: tensor([[1]]), b: tensor([[[1]]]) }, [state]),
      'scanBatch: a has shape [1, 1] and b [1, 1, 1]; make them equal',
    ],
  ]);
});

describe.each(modes.map((mode) => [mode.name, mode] as const))('retention of a batch in %s mode', (_name, mode) => {
  it('equals each sequence run alone, bit for bit on exact inputs', () => {
    fc.assert(
      fc.property(batches, fc.nat(1e6), (batch, seed) => {
        const { rows, places, spans } = batch;
        const [h, d, e] = [2, 3, 2];
        const shape = (channels: number): Shape => [rows, h, places, channels];
        const sequences = { q: drawn(seed + 1, shape(d)), k: drawn(seed + 2, shape(d)), v: drawn(seed + 3, shape(e)) };
        const states = spans.map((_, n) => drawn(seed + 4 + n, [1, h, d, e]));
        const decay = [0.5, 0.25];
        const run = (together: boolean) => {
          const of = ({ states: own, ...xs }: typeof sequences & { states: readonly Value[] }) => {
            const result = together
              ? batchedRetention(mode, batch, { ...xs, decay }, own)
              : eachSequence(batch, 2, (one, s: Value) => recurrentRetention({ ...one, decay }, s), xs, own);
            return { ...result };
          };
          const { value, pullback } = vjp(of, { ...sequences, states });
          const ct = {
            output: drawn(seed + 20, shape(e)),
            states: states.map((s, n) => drawn(seed + 30 + n, s.shape)),
          };
          const { q, k, v, states: ofStates } = pullback(ct);
          return [value.output, ...value.states, q, k, v, ...ofStates].map((x) => [...read(x)].map((y) => y + 0));
        };
        expect(run(true)).toEqual(run(false));
      }),
      cases(60),
    );
  });

  it('outputs 0 at padding, for any input there', () => {
    const x = tensor([[[[Number.NaN], [1], [Infinity]]]]);
    const inputs = { q: x, k: x, v: x, decay: [0.5] };
    const { output, states } = batchedRetention(mode, paddedBatch([[0, 1, 0]]), inputs, [tensor([[[[2]]]])]);
    expect([...read(output)]).toEqual([0, 2, 0]);
    expect([...read(states[0]!)]).toEqual([2]);
    const attended = batchedAttention(mode, paddedBatch([[0, 1, 0]]), { q: x, k: x, v: x, factor: 1 }, [
      emptyCache({ q: x, v: x }),
    ]);
    expect([...read(attended.output)]).toEqual([0, 1, 0]);
    expect([...read(attended.states[0]!.keys)]).toEqual([1]);
  });
});

describe('a batch as one scan', () => {
  /** h_t = a_t h_{t−1} + b_t along axis 1, from h_0. */
  const scan = (a: Value, b: Value, h0: Value): Value => {
    const hs: Value[] = [];
    let h = h0;
    for (let t = 0; t < a.shape[1]!; t++) {
      h = add(mul(slice(a, 1, t, t + 1), h), slice(b, 1, t, t + 1));
      hs.push(h);
    }
    return hs.length === 0 ? a : concat(hs, 1);
  };

  it('equals each sequence run alone at its tokens, keeps the state at padding, and has the same gradients', () => {
    fc.assert(
      fc.property(batches, fc.nat(1e6), (batch, seed) => {
        const shape = [batch.rows, batch.places, 2];
        const given = {
          a: mul(drawn(seed, shape), 0.5),
          b: drawn(seed + 1, shape),
          states: batch.spans.map((_, n) => drawn(seed + 2 + n, [1, 1, 2])),
        };
        const ct = { h: drawn(seed + 10, shape), states: given.states.map((s, n) => drawn(seed + 11 + n, s.shape)) };
        const numbers = (run: (xs: typeof given) => { h: Value; states: Value[] }) => {
          const { value, pullback } = vjp(run, given);
          const { a, b, states } = pullback(ct);
          return [value.h, ...value.states, a, b, ...states].map((x) => [...read(x)].map((y) => y + 0));
        };
        const isToken = zerosLike(given.a);
        const tokens = eachSequence(
          batch,
          1,
          (x: Value, s: Value) => ({ output: add(x, 1), state: s }),
          isToken,
          given.states,
        ).output;
        const atOnce = numbers(({ a, b, states }) => {
          const bounded = scanBatch(batch, 1, { a, b }, states);
          const h = scan(bounded.a, bounded.b, tensor([[[0, 0]]]));
          return { h: mul(h, tokens), states: scanStates(batch, 1, h, states) };
        });
        const alone = numbers(({ a, b, states }) => {
          const step = (one: { a: Value; b: Value }, s: Value) => {
            const h = scan(one.a, one.b, s);
            const t = h.shape[1]!;
            return { output: h, state: t === 0 ? s : slice(h, 1, t - 1, t) };
          };
          const { output, states: after } = eachSequence(batch, 1, step, { a, b }, states);
          return { h: output, states: after };
        });
        expect(atOnce).toEqual(alone);
      }),
      cases(60),
    );
  });

  it('keeps states over padding, with decay 1 and input 0', () => {
    const [a, b] = [tensor([[0.5, 0.5, 0.5]]), tensor([[9, 1, 9]])];
    const bounded = scanBatch(paddedBatch([[0, 1, 0]]), 1, { a, b }, [tensor([[4]])]);
    expect([...read(bounded.a)]).toEqual([1, 0, 1]);
    expect([...read(bounded.b)]).toEqual([0, 3, 0]);
    expect([...read(scan(bounded.a, bounded.b, tensor([[0]])))]).toEqual([0, 3, 3]);
  });
});
