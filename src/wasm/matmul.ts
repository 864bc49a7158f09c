/** @file Generates matrix products: packed panels, and a micro-kernel whose tile of the result stays in registers. */
import type { Callee, Code, Expression, Local } from './code.ts';
import { call, clear, loop, repeatWhile, select, when } from './control.ts';
import { type Elements, elements, i32, type Real, v128 } from './instructions.ts';
import { define } from './module.ts';

type I32 = Expression<'i32'>;

/** Numbers of the inner index that one panel holds: a panel of y stays in the first-level cache. */
const panelDepth = 256;
/** Rows of x that are packed at once, a multiple of a tile's: their panels stay in the second-level cache. */
const blockRows = 96;

/** The tile of the result that one run of the micro-kernel computes: its sums stay in 8 of the 16 registers of x86-64. */
const rows = 4;
const vectors = 2;

const plus = (...terms: readonly (I32 | number)[]): I32 =>
  terms.map((term) => (typeof term === 'number' ? i32.const(term) : term)).reduce((sum, term) => i32.add(sum, term));
const times = (x: I32, by: I32 | number): I32 => i32.mul(x, typeof by === 'number' ? i32.const(by) : by);
const smaller = (x: I32, y: I32): I32 => select(i32.lt(x, y), x, y);
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * Packs panels of `width` rows or columns: number `l · width + c` of panel p is number `(p · width + c) · across + l · along` of
 * `from`, and 0 where `p · width + c` is not below `count`. Strides are in bytes.
 */
function packing({ bytes, lanes, scalar }: Elements, width: number): Callee<null> {
  const params = { from: 'i32', across: 'i32', along: 'i32', count: 'i32', depth: 'i32', to: 'i32' } as const;
  return define(`pack${width}`, params, ({ from, across, along, count, depth, to }, newLocal) => {
    const [p, end, c] = [newLocal('i32'), newLocal('i32'), newLocal('i32')];
    const columns = range(width).map(() => newLocal('i32'));
    const size = width * bytes;
    const through = (body: Code): Code => [
      end.set(plus(to, times(depth, size))),
      repeatWhile([body, to.set(plus(to, size))], i32.lt(to, end)),
    ];
    const neighbours = range(width / lanes).map((v) => v128.store(to, v128.load(from, 16 * v), 16 * v));
    const apart = columns.map((at, i) => [scalar.store(to, scalar.load(at), i * bytes), at.set(plus(at, along))]);
    const last: Code = [
      clear(to, times(depth, size)),
      end.set(plus(to, times(depth, size))),
      repeatWhile(
        [
          loop(c, i32.const(0), i32.sub(count, p), 1, [
            scalar.store(plus(to, times(c, bytes)), scalar.load(plus(from, times(c, across)))),
          ]),
          from.set(plus(from, along)),
          to.set(plus(to, size)),
        ],
        i32.lt(to, end),
      ),
    ];
    const whole: Code = when(
      i32.eq(across, i32.const(bytes)),
      [columns[0]!.set(from), through([neighbours, from.set(plus(from, along))]), from.set(plus(columns[0]!, size))],
      [
        columns.map((at, i) => at.set(plus(from, times(across, i)))),
        through(apart),
        from.set(plus(from, times(across, width))),
      ],
    );
    return loop(p, i32.const(0), count, width, when(i32.le(plus(p, width), count), whole, last));
  });
}

/** Computes a tile from one panel of x and one of y. Begins with the tile at `out` if `continues`, else with 0. */
function tile({ bytes, lanes, vector, loadSplat }: Elements): Callee<null> {
  const params = { x: 'i32', y: 'i32', depth: 'i32', out: 'i32', stride: 'i32', continues: 'i32' } as const;
  return define('tile', params, ({ x, y, depth, out, stride, continues }, newLocal) => {
    const sums = range(rows).map(() => range(vectors).map(() => newLocal('v128')));
    const ys = range(vectors).map(() => newLocal('v128'));
    const [a, end] = [newLocal('v128'), newLocal('i32')];
    const step: Code = [
      ys.map((b, v) => b.set(v128.load(y, 16 * v))),
      sums.map((row, i) => [
        a.set(loadSplat(x, i * bytes)),
        row.map((sum, v) => sum.set(vector.add(sum, vector.mul(a, ys[v]!)))),
      ]),
      x.set(plus(x, rows * bytes)),
      y.set(plus(y, vectors * lanes * bytes)),
    ];
    const eachRow = (visit: (sum: Local<'v128'>, offset: number) => Code): Code =>
      sums.map((row) => [row.map((sum, v) => visit(sum, 16 * v)), at.set(plus(at, stride))]);
    const at = newLocal('i32');
    return [
      when(continues, [at.set(out), eachRow((sum, offset) => sum.set(v128.load(at, offset)))]),
      end.set(plus(x, times(depth, rows * bytes))),
      repeatWhile(step, i32.lt(x, end)),
      at.set(out),
      eachRow((sum, offset) => v128.store(at, sum, offset)),
    ];
  });
}

/** Copies the first `high` × `wide` numbers of a tile. */
function copyTile({ bytes, scalar }: Elements): Callee<null> {
  const params = { from: 'i32', fromStride: 'i32', to: 'i32', toStride: 'i32', high: 'i32', wide: 'i32' } as const;
  return define('copyTile', params, ({ from, fromStride, to, toStride, high, wide }, newLocal) => {
    const [i, j] = [newLocal('i32'), newLocal('i32')];
    return loop(i, i32.const(0), high, 1, [
      loop(j, i32.const(0), times(wide, bytes), bytes, scalar.store(plus(to, j), scalar.load(plus(from, j)))),
      from.set(plus(from, fromStride)),
      to.set(plus(to, toStride)),
    ]);
  });
}

/** The bytes that `multiply` needs at `room` for its panels. */
export function roomOf(real: Real, n: number, k: number): number {
  const { bytes, lanes } = elements[real];
  const columns = vectors * lanes;
  const depth = Math.min(k, panelDepth);
  return (rows * columns + (blockRows + Math.ceil(n / columns) * columns) * depth) * bytes;
}

/**
 * Generates `multiply`: `out[b, i, j] = Σ_k x[b, i, k] y[b, k, j]`, dense row-major, of matrices at the addresses x and y with any
 * strides, in bytes. Needs m, n and k above 0, and `roomOf` bytes at `room`. Each sum is in the order of k, so the numbers are those of plain loops.
 */
export function multiplication(real: Real): Callee<null> {
  const of = elements[real];
  const { bytes, lanes } = of;
  const columns = vectors * lanes;
  const [packX, packY] = [packing(of, rows), packing(of, columns)];
  const [computeTile, copyPart] = [tile(of), copyTile(of)];
  return define('multiply', parameters, (given, newLocal) => {
    const { x, y, out, batches, m, n, k, room } = given;
    const counter = (): Local<'i32'> => newLocal('i32');
    const [b, l, first, i, j] = [counter(), counter(), counter(), counter(), counter()];
    const [depth, high, xPanels, yPanels, at] = [counter(), counter(), counter(), counter(), counter()];
    const [xPanel, yPanel] = [
      plus(xPanels, times(times(i, depth), bytes)),
      plus(yPanels, times(times(j, depth), bytes)),
    ];
    const [stride, roomStride] = [times(n, bytes), i32.const(columns * bytes)];
    const part = [smaller(i32.const(rows), i32.sub(high, i)), smaller(i32.const(columns), i32.sub(n, j))];
    // a tile over the edge is computed apart, so that nothing beyond the result is written
    const oneTile: Code = [
      at.set(plus(out, times(plus(times(plus(first, i), n), j), bytes))),
      when(
        i32.and(i32.le(plus(i, rows), high), i32.le(plus(j, columns), n)),
        call(computeTile, xPanel, yPanel, depth, at, stride, l),
        [
          when(l, call(copyPart, at, stride, room, roomStride, ...part)),
          call(computeTile, xPanel, yPanel, depth, room, roomStride, l),
          call(copyPart, room, roomStride, at, stride, ...part),
        ],
      ),
    ];
    const rowsOfX = plus(x, times(first, given.xRow), times(l, given.xColumn));
    return loop(b, i32.const(0), batches, 1, [
      loop(l, i32.const(0), k, panelDepth, [
        depth.set(smaller(i32.const(panelDepth), i32.sub(k, l))),
        xPanels.set(plus(room, rows * columns * bytes)),
        yPanels.set(plus(xPanels, times(depth, blockRows * bytes))),
        call(packY, plus(y, times(l, given.yRow)), given.yColumn, given.yRow, n, depth, yPanels),
        loop(first, i32.const(0), m, blockRows, [
          high.set(smaller(i32.const(blockRows), i32.sub(m, first))),
          call(packX, rowsOfX, given.xRow, given.xColumn, high, depth, xPanels),
          loop(j, i32.const(0), n, columns, loop(i, i32.const(0), high, rows, oneTile)),
        ]),
      ]),
      x.set(plus(x, given.xBatch)),
      y.set(plus(y, given.yBatch)),
      out.set(plus(out, times(times(m, n), bytes))),
    ]);
  });
}

const parameters = {
  ...({ x: 'i32', xBatch: 'i32', xRow: 'i32', xColumn: 'i32' } as const),
  ...({ y: 'i32', yBatch: 'i32', yRow: 'i32', yColumn: 'i32' } as const),
  ...({ out: 'i32', batches: 'i32', m: 'i32', n: 'i32', k: 'i32', room: 'i32' } as const),
} as const;
