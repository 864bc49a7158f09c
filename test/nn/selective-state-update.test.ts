/** @file One token after another equals the selective scan of the sequence. What a head shares equals the same number for each channel. */
import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { chunkwiseLinearAttention } from '../../src/nn/linear-attention/chunkwise.ts';
import { mamba2Scan } from '../../src/nn/mamba2/scan.ts';
import { selectiveStateUpdate, type TokenInputs } from '../../src/nn/mamba2/update.ts';
import { scanSelectiveScan } from '../../src/nn/selective-scan/modes.ts';
import { input, read } from '../../src/tensor/input.ts';
import { at } from '../../src/tensor/ops.ts';
import { broadcast } from '../../src/tensor/primitives/broadcast.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';
import { rng } from '../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import type { Value } from '../../src/tensor/value.ts';
import { refuses } from '../support/refusals.ts';

const random = rng(3);
const drawn = (...shape: Shape): Value => input(f64, Array.from({ length: sizeOf(shape) }, random.normal), shape);
const [b, t, g, h, e, n] = [2, 5, 2, 4, 3, 2];
const sequence = {
  ...{
    x: drawn(b, t, h, e),
    delta: drawn(b, t, h, e),
    z: drawn(b, t, h, e),
    b: drawn(b, t, g, n),
    c: drawn(b, t, g, n),
  },
  ...{ a: drawn(h, e, n), skip: drawn(h, e), deltaBias: drawn(h, e) },
};
const start = drawn(b, h, e, n);
const token = (i: number): TokenInputs => ({
  ...sequence,
  ...{ x: at(sequence.x, 1, i), delta: at(sequence.delta, 1, i), z: at(sequence.z, 1, i) },
  ...{ b: at(sequence.b, 1, i), c: at(sequence.c, 1, i) },
  deltaSoftplus: true,
});

describe('selectiveStateUpdate', () => {
  it('is the selective scan, token by token', () => {
    const flat = (x: Value): Value => reshape(x, [b, t, h * e]);
    const { x, delta, z, a, skip, deltaBias, ...rows } = sequence;
    const scan = scanSelectiveScan(
      {
        ...{ u: flat(x), delta: flat(delta), z: flat(z), a: reshape(a, [h * e, n]), ...rows },
        ...{ skip: reshape(skip, [h * e]), deltaBias: reshape(deltaBias, [h * e]), deltaSoftplus: true },
      },
      reshape(start, [b, h * e, n]),
    );
    let state = start;
    for (let i = 0; i < t; i++) {
      const result = selectiveStateUpdate(token(i), state);
      state = result.state;
      expect(
        Math.max(...read(result.output).map((y, at_) => Math.abs(y - read(at(scan.output, 1, i))[at_]!))),
      ).toBeLessThan(1e-13);
    }
    expect(Math.max(...read(state).map((y, i) => Math.abs(y - read(scan.state)[i]!)))).toBeLessThan(1e-13);
  });

  it('is the scan of Mamba-2, token by token', () => {
    const [a, delta] = [drawn(h), drawn(b, h, t)];
    const { x, z, skip, deltaBias: _, ...rows } = sequence;
    const first = (y: Value): Value => transpose(y, [0, 2, 1, 3]);
    const scan = mamba2Scan(chunkwiseLinearAttention(2))(
      { x: first(x), z: first(z), b: first(rows.b), c: first(rows.c), a, delta, skip, deltaSoftplus: true },
      start,
    );
    let state = start;
    for (let i = 0; i < t; i++) {
      const { deltaBias: __, ...own } = token(i);
      state = selectiveStateUpdate({ ...own, a, delta: at(delta, 2, i) }, state).state;
    }
    expect(Math.max(...read(state).map((y, i) => Math.abs(y - read(scan.state)[i]!)))).toBeLessThan(1e-12);
  });

  it('takes one number for a head as the same number for each of its channels', () => {
    const shared = { delta: drawn(b, h), a: drawn(h), skip: drawn(h), deltaBias: drawn(h) };
    const spread = (x: Value, ...shape: Shape): Value =>
      broadcast(reshape(x, [...x.shape, ...Array<number>(shape.length - x.shape.length).fill(1)]), shape);
    const each = {
      ...{ delta: spread(shared.delta, b, h, e), a: spread(shared.a, h, e, n) },
      ...{ skip: spread(shared.skip, h, e), deltaBias: spread(shared.deltaBias, h, e) },
    };
    const [one, other] = [shared, each].map((own) => selectiveStateUpdate({ ...token(0), ...own }, start));
    expect([read(one!.output), read(one!.state)]).toEqual([read(other!.output), read(other!.state)]);
  });

  describe('refuses shapes that do not fit', () => {
    const from = (change: Partial<TokenInputs>) => () => selectiveStateUpdate({ ...token(0), ...change }, start);
    refuses([
      [
        from({ delta: drawn(b, e) }),
        'selectiveStateUpdate: delta has shape [2, 3]; beside the other inputs it is [b, h] = [2, 4] or [b, h, e] = [2, 4, 3]',
      ],
      [
        from({ a: drawn(h, n) }),
        'selectiveStateUpdate: a has shape [4, 2]; beside the other inputs it is [h] = [4] or [h, e, n] = [4, 3, 2]',
      ],
      [from({ deltaBias: drawn(h) }), 'selectiveStateUpdate: deltaBias has shape [4]; it is [h, e], so reshape it'],
      [
        from({ b: drawn(b, 3, n) }),
        'selectiveStateUpdate: b has 3 groups for 4 heads; give a number of groups that divides them',
      ],
    ]);
  });
});
