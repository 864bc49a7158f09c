import { afterEach, describe, expect, it } from 'vitest';
import { compile, type Equation } from '../../../src/executors/gpu/index.ts';
import type { Launch, Place } from '../../../src/executors/gpu/wasm/arrays.ts';
import { startMachine } from '../../../src/executors/gpu/wasm/machine.ts';
import { type Chunks, chunksOf, cut, partsFor, type Step } from '../../../src/executors/gpu/wasm/steps.ts';
import { einsum, linearScan, mul, scatterAdd, sigmoid, sum } from '../../../src/index.ts';
import { softmax } from '../../../src/nn/softmax.ts';
import { rng } from '../../../src/tensor/random.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { counters } from '../../../src/wasm/chunks.ts';
import { loopWhile, when } from '../../../src/wasm/control.ts';
import { atomic, f32, i32 } from '../../../src/wasm/instructions.ts';
import { define } from '../../../src/wasm/module.ts';
import { refusalOf } from './support.ts';

// the module that workers are made with; tests replace its Worker
const library = process.getBuiltinModule('node:worker_threads') as {
  Worker: new (...args: never[]) => { unref(): void; ref(): void };
};
const { Worker } = library;
afterEach(() => {
  library.Worker = Worker;
});

const slots = {
  x: { shape: [301, 97] },
  y: { shape: [97, 203] },
  q: { shape: [7, 61, 3, 33] },
  rows: { shape: [31, 23, 47] },
  a: { shape: [311, 901] },
  b: { shape: [311, 901] },
  start: { shape: [901] },
  at: { shape: [301], kind: 'index' },
} as const;

/** Works that are cut: by rows, batches, elements, rows of a kernel and channels. Their sizes are no multiples of anything. */
const works: Equation = ({ x, y, q, rows, a, b, start, at }) => ({
  product: einsum('ij,jk->ik', x!, y!),
  transposed: einsum('ji,jk->ik', x!, x!),
  heads: einsum('bthd,bshd->bhts', q!, q!),
  batches: einsum('bij,bkj->bik', rows!, rows!),
  chain: mul(sigmoid(a!), b!),
  rowSums: sum(mul(a!, b!), [1]),
  columnSums: sum(mul(a!, b!), [0]),
  weights: softmax(a!),
  scan: linearScan(a!, b!, start!, 0),
  added: scatterAdd(x!, at!, 9),
});

const drawn = (): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(slots).map(([name, { shape }], seed) => {
      const random = rng(seed);
      const draw = (): number => (name === 'at' ? random.integer(9) : 2 * random.uniform() - 1);
      return [name, Float32Array.from({ length: sizeOf(shape) }, draw)];
    }),
  );

it('threads compute the numbers of one thread, bit for bit', async () => {
  const given = drawn();
  const [one, three] = [1, 3].map((threads) => compile(works, slots, { backend: 'wasm', threads }));
  const [alone, together] = [await one!, await three!];
  expect([alone.ran.threads, together.ran.threads]).toEqual([1, 3]);
  const expected = await alone(given);
  for (let round = 0; round < 5; round++) {
    const found = await together(given);
    for (const [name, numbers] of Object.entries(expected)) {
      const wrong = numbers.findIndex((x, i) => !Object.is(x, found[name]![i]));
      expect({ name, wrong }).toEqual({ name, wrong: -1 });
    }
  }
  const { kernels } = await together.profile();
  expect(Math.min(...kernels.map(({ seconds }) => seconds))).toBeGreaterThan(0);
  await Promise.all([alone.dispose(), together.dispose()]);
});

describe('workers', () => {
  /** Collects workers that are made. `threadId` is -1 after their end. */
  const collected = () => {
    const made: { readonly threadId: number; isFree: boolean }[] = [];
    library.Worker = class extends Worker {
      declare threadId: number;
      isFree = false;
      constructor(...args: never[]) {
        super(...args);
        made.push(this);
      }
      override unref(): void {
        super.unref();
        this.isFree = true;
      }
      override ref(): void {
        super.ref();
        this.isFree = false;
      }
    };
    return made;
  };
  const square: Equation = ({ x }) => ({ y: einsum('ij,jk->ik', x!, x!) });

  it('do not keep the process alive, and end with their function', async () => {
    const workers = collected();
    const f = await compile(square, { x: { shape: [256, 256] } }, { backend: 'wasm', threads: 3 });
    const pending = f({ x: new Float32Array(2 ** 16) });
    await Promise.resolve();
    await Promise.resolve();
    expect(workers.filter(({ isFree }) => !isFree)).toHaveLength(1);
    await pending;
    expect(workers.map(({ isFree }) => isFree)).toEqual([true, true, true]);
    await f.dispose();
    await expect.poll(() => workers.map(({ threadId }) => threadId)).toEqual([-1, -1, -1]);
  });

  it('end with their function while they compute, which is an error of the call', async () => {
    const f = await compile(square, { x: { shape: [256, 256] } }, { backend: 'wasm', threads: 2 });
    const pending = refusalOf(f({ x: new Float32Array(2 ** 16) }));
    await f.dispose();
    expect(await pending).toBe('compiled function: it has been disposed of; compile it again');
  });

  it('are not started for a small program, nor for threads: 1', async () => {
    const workers = collected();
    const small = await compile(square, { x: { shape: [16, 16] } }, { backend: 'wasm', threads: 3 });
    const alone = await compile(square, { x: { shape: [256, 256] } }, { backend: 'wasm', threads: 1 });
    expect([small.ran.threads, alone.ran.threads, workers]).toEqual([1, 1, []]);
    await Promise.all([small.dispose(), alone.dispose()]);
  });

  it('that do not start are one error with a remedy', async () => {
    library.Worker = class {
      constructor() {
        throw new Error('too many threads');
      }
      unref(): void {}
      ref(): void {}
    };
    const refused = compile(square, { x: { shape: [256, 256] } }, { backend: 'wasm', threads: 2 });
    expect(await refusalOf(refused)).toBe(
      'compile: a thread of backend wasm did not start (too many threads); give threads: 1, or remove the reason',
    );
  });

  it('that break are one error, and the function is of no use after it', async () => {
    const first = 2 ** 16;
    // one waits until the other one has written beyond the memory
    const callee = define('chunk', { c: 'i32', room: 'i32' }, ({ room }) =>
      when(
        i32.eq(room, i32.const(first)),
        loopWhile(i32.eqz(atomic.load(i32.const(counters.failed))), []),
        f32.store(i32.const(-4), f32.const(0)),
      ),
    );
    const chunks: Chunks = { count: 2, isLarge: true, firsts: [0, 2], ready: Int32Array.of(0, 0), callee };
    const machine = await startMachine(chunks, { pages: 2, room: 64, threads: 2 });
    const broken = /^compiled function: a thread broke \(.*out of bounds.*\); compile it again$/;
    await expect(machine.run(0, 2)).rejects.toThrow(broken);
    await expect(machine.run(0, 2)).rejects.toThrow(broken);
  });

  it.each([0, 1.5, -1, Number.NaN])('refuse %s threads', async (threads) => {
    const refused = compile(square, { x: { shape: [2, 2] } }, { backend: 'wasm', threads });
    expect(await refusalOf(refused)).toBe(
      `compile: threads is ${threads}; give the most threads that may run, 1 or more`,
    );
  });
});

describe('work is cut', () => {
  it('into parts that cover it', () => {
    for (const [count, wanted, grain] of [
      [100, 3, 4],
      [7, 8, 4],
      [1, 4, 1],
      [4097, 8, 4],
      [30, 0.5, 1],
    ] as const) {
      const { each, parts } = cut(count, wanted, grain);
      expect(each % grain).toBe(0);
      expect((parts - 1) * each).toBeLessThan(count);
      expect(parts * each).toBeGreaterThanOrEqual(count);
    }
  });

  it('into parts for all threads, or into one', () => {
    expect([1, 2 ** 18, 2 ** 20, 2 ** 30].map((work) => partsFor(work, 3))).toEqual([1, 2, 6, 12]);
    expect(partsFor(2 ** 30, 1)).toBe(1);
  });

  it('so that a launch waits for the arrays that it reads or writes', () => {
    const place = (address: number): Place => ({ size: 4, source: null, address });
    const [a, b, c, d] = [0, 64, 128, 192].map(place) as [Place, Place, Place, Place];
    const launch = (operands: Place[], result: Place): Launch => ({
      kernel: { text: '', size: 4, workgroup: null, routine: null },
      operands,
      result,
    });
    const callee = define('f', {}, () => []);
    const step = (parts: number): Step => ({ callee, args: [], parts });
    const launches: [Launch, number[]][] = [
      [launch([a], b), [2]],
      [launch([a], c), [1, 2]], // beside the first
      [launch([b], d), [1]], // reads the first's result
      [launch([a], b), [1]], // writes what the last one reads
      [launch([a], b), [1]], // writes what the last one writes
    ];
    const { firsts, ready, count } = chunksOf(
      launches.map(([own, parts]) => ({ launch: own, steps: parts.map(step), work: own.kernel.size })),
    );
    expect([firsts, [...ready], count]).toEqual([[0, 2, 5, 6, 7, 8], [0, 0, 0, 0, 0, 5, 6, 7], 8]);
  });
});
