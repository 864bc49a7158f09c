/** @file Tests the lifting of scalar definitions over batch, heads, channels and tokens. */
import { describe, expect, it } from 'vitest';
import { fromLists, toLists } from '../../src/oracle/case.ts';
import { over } from '../../src/oracle/over.ts';

const tensor = (shape: readonly number[], first = 0) => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
});

describe('over', () => {
  it('passes slices of the inputs at each index, and joins the outputs', () => {
    const seen: unknown[] = [];
    const run = over(
      'bh',
      'q bht, w hd, a d -> y bthd, last bh',
      ({ q, w, a }, { shift }: { shift: number }, { b, h }) => {
        seen.push([b, h, q, w, a]);
        return { y: q.map((x) => w.map((y, i) => x * y + a[i]! + shift)), last: q.at(-1)! };
      },
    );
    const q = tensor([2, 3, 2]);
    const w = tensor([3, 2], 10);
    const a = tensor([2], 100);
    const { y, last } = run({ q, w, a }, { shift: 0.5 }, 'whole');
    expect(seen[4]).toEqual([1, 1, [8, 9], [12, 13], [100, 101]]);
    expect(y!.shape).toEqual([2, 2, 3, 2]);
    // y[b, t, h, d] = q[b, h, t] w[h, d] + a[d] + shift
    const [b, t, h, d] = [1, 0, 2, 1];
    const at = ((b * 2 + t) * 3 + h) * 2 + d;
    expect(y!.data[at]).toBe(q.data[(b * 3 + h) * 2 + t]! * w.data[h * 2 + d]! + a.data[d]! + 0.5);
    expect(toLists(last!)).toEqual([
      [1, 3, 5],
      [7, 9, 11],
    ]);
  });

  it('keeps the position of a lifted last axis', () => {
    const run = over('be', 'x bte -> y bte', ({ x }) => ({ y: x.map((one) => 2 * one) }));
    const x = tensor([2, 3, 4]);
    expect(run({ x }, {}, 'whole').y!.data).toEqual(x.data.map((one) => 2 * one));
  });

  it('handles axes that are sums, and lengths that only the definition determines', () => {
    const run = over('b', 'x bt, keys bs -> all b(s+t), rows bv', ({ x, keys }) => ({
      all: [...keys, ...x],
      rows: [1, 2, 3, 4, 5],
    }));
    const { all, rows } = run({ x: tensor([2, 3]), keys: tensor([2, 0]) }, {}, 'whole');
    expect([all!.shape, rows!.shape]).toEqual([
      [2, 3],
      [2, 5],
    ]);
  });

  it('passes an input without letters as a whole tensor, and matches patterns by full names', () => {
    const run = over('b', 'x b, source.* b, param.** -> y b, part.* b', ({ x, 'source.1': second, 'param.w': w }) => ({
      y: x + second! + ((w as readonly number[])[1] ?? 0),
      'part.0': x,
    }));
    const result = run(
      { x: tensor([2]), 'source.0': tensor([2], 10), 'source.1': tensor([2], 20), 'param.w': tensor([2], 100) },
      {},
      'whole',
    );
    expect(result.y).toEqual(fromLists([121, 123], [2]));
    expect(result['part.0']).toEqual(fromLists([0, 1], [2]));
  });

  it('passes the mode and the frozen inputs of divisors', () => {
    const run = over('b', 'x b -> y b', ({ x }, _settings: object, { mode, frozen }) => ({
      y: mode === 'divided' ? x / frozen.x : x,
    }));
    const x = tensor([2], 6);
    expect(run({ x }, {}, 'divided', { x: tensor([2], 2) }).y!.data).toEqual(Float64Array.of(3, 7 / 3));
    expect(run({ x }, {}, 'divided').y!.data).toEqual(Float64Array.of(1, 1));
    expect(run({ x }, {}, 'whole').y!.data).toEqual(x.data);
  });

  it('passes the row of the group of each head', () => {
    const run = over(
      'bh',
      'x bht, c bg -> y bh, seen bh',
      ({ x, c }, _settings, { h, lengths }) => ({ y: x[0]! + c, seen: 10 * h + lengths.h }),
      { g: 'h' },
    );
    const { y, seen } = run({ x: tensor([1, 6, 1]), c: tensor([1, 2], 100) }, {}, 'whole');
    expect([...y!.data]).toEqual([100, 101, 102, 104, 105, 106]);
    expect(seen!.data[5]).toBe(56);
  });

  it('refuses an output that the signature does not name', () => {
    const run = over('b', 'x b -> y b', (() => ({ z: 1 })) as never);
    expect(() => run({ x: tensor([2]) }, {}, 'whole')).toThrow("the definition gives 'z'");
  });
});
