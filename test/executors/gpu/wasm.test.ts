import { describe, expect, it } from 'vitest';
import { f64 } from '../../../src/executors/f64/index.ts';
import { compile, type Equation } from '../../../src/executors/gpu/index.ts';
import { parse } from '../../../src/executors/gpu/text/syntax.ts';
import { targets } from '../../../src/executors/gpu/text/target.ts';
import { type Launch, type Place, placeArrays } from '../../../src/executors/gpu/wasm/arrays.ts';
import { compileKernel } from '../../../src/executors/gpu/wasm/kernel.ts';
import { indexInput, input, read } from '../../../src/tensor/input.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { scatterAdd } from '../../../src/tensor/primitives/scatter-add.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { rng } from '../../../src/tensor/random.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { assemble } from '../../../src/wasm/module.ts';
import { instantiate, newMemory } from '../../../src/wasm/runtime.ts';
import { kernelsOf } from './kernels-of.ts';
import { testLarge } from './large.ts';
import { refusalOf } from './support.ts';

/** A kernel's text, from the statements after the first. */
const textOf = (params: string, body: string): string => `function (${params}) {\nconst i = this.thread.x;\n${body}\n}`;

/** Runs a kernel on arrays of whole numbers, in WebAssembly in two parts, and as JavaScript. */
function bothOf(params: string, body: string, size: number, arrays: readonly (readonly number[] | number)[]) {
  const text = textOf(params, body);
  const memory = newMemory(2);
  let end = 2 ** 10;
  const placed = arrays.map((own) => {
    if (typeof own === 'number') return own;
    const at = end;
    new Float32Array(memory.buffer, at, own.length).set(own);
    end += 4 * own.length;
    return at;
  });
  const { callee, units, grain } = compileKernel('f', text, size);
  const { f } = instantiate<'f'>(assemble([callee]), memory);
  const cut = units >= 2 * grain && (grain === 1 || units >= 8) ? Math.floor(units / 2 / grain) * grain : units;
  const guard = new Float32Array(memory.buffer, end, size + 1).fill(-99);
  f!(0, cut, end, ...placed);
  if (cut < units) f!(cut, units, end, ...placed);
  const quotient = (x: number, y: number): number => Math.floor(x / y);
  const run = new Function('quotient', `return ${text}`)(quotient);
  const expected = Array.from({ length: size }, (_, x) => Math.fround(run.call({ thread: { x } }, ...arrays)));
  return { found: [...guard], expected: [...expected, -99] };
}

const numbers = (length: number): number[] => {
  const random = rng(length);
  return Array.from({ length }, () => random.integer(9) - 4);
};

describe('a kernel in WebAssembly computes what its text says', () => {
  const rows = (n: number): string => `const q = quotient(i, ${n}); const p = i - q * ${n};`;
  const guard = 'const v = f >= 0 ? (f < 5 ? 1 : 0) : 0;';
  const sum = 'let s = 0;\nfor (let j = 0; j < 11; j++) { const v = a0[b + j]; s = s + v; }\nreturn s;';
  it.each<readonly [string, string, string, readonly number[], readonly (readonly number[] | number)[]]>([
    ['chains', 'a0, c1', 'const v = a0[i] * c1; return v + 1;', [1, 3, 4, 5, 8, 11], [numbers(11), 3]],
    ['rows', 'a0, a1', `${rows(5)} return a0[q * 5 + p] + a1[q] - a1[p];`, [5, 10, 35], [numbers(35), numbers(7)]],
    ['a transposition', 'a0', `${rows(6)} return a0[p * 7 + q];`, [42], [numbers(42)]],
    ['pairs', 'a0', `${rows(2)} return p > 0 ? a0[i - 1] : 0 - a0[i + 1];`, [2, 4, 6, 10, 12], [numbers(13)]],
    [
      'pairs within rows',
      'a0',
      `const k = quotient(i, 2); const p = i - k * 2; const q = quotient(k, 6); const r = k - q * 6;
       return a0[q * 12 + r * 2 + 1 - p] + r;`,
      [36],
      [numbers(36)],
    ],
    ['rows of three', 'a0', `${rows(3)} return a0[q * 3 + 2 - p];`, [12], [numbers(12)]],
    ['backwards', 'a0', `${rows(7)} return a0[q * 7 + 6 - p];`, [21], [numbers(21)]],
    [
      'a guard within rows',
      'a0',
      `${rows(8)} const f = p - 2; ${guard} return v > 0 ? a0[v > 0 ? f : 0] : 7;`,
      [24],
      [numbers(5)],
    ],
    [
      'a guard of rows',
      'a0',
      `${rows(8)} const f = q - 1; ${guard} const w = a0[v > 0 ? f * 8 + p : 0]; return v > 0 ? w : 7;`,
      [48, 56],
      [numbers(56)],
    ],
    [
      'a guarded number',
      'a0',
      `${rows(8)} const f = p + 1; const g = q > 1 ? f : 3; return g * a0[p];`,
      [24],
      [numbers(8)],
    ],
    ['indices', 'a0, a1', `${rows(4)} return a1[a0[q] * 4 + p];`, [12], [[2, 0, 1], numbers(12)]],
    ['an index per element', 'a0, a1', 'return a1[a0[i]];', [9], [[2, 0, 1, 3, 3, 1, 0, 2, 2], numbers(4)]],
    ['sums of rows', 'a0', `const b = i * 11; ${sum}`, [1, 5, 9], [numbers(99)]],
    ['sums of columns', 'a0', `const b = i; ${sum}`, [1, 5, 9], [numbers(99)]],
    [
      'a maximum',
      'a0',
      `const b = i * 9; const o = a0[b];\nlet s = o;\nfor (let j = 0; j < 9; j++) { const v = a0[b + j]; s = v > s ? v : (s >= v ? s : s + v); }\nreturn s;`,
      [1, 6],
      [numbers(54)],
    ],
    [
      'a loop as long as the row number',
      'a0',
      `${rows(4)} const n = q + 1; let s = 0; for (let j = 0; j < n; j++) { s = s + a0[j * 4 + p]; } return s;`,
      [20],
      [numbers(20)],
    ],
    [
      'a loop as long as the element number',
      'a0',
      'const n = i + 1; let s = 0; for (let j = 0; j < n; j++) { s = s + a0[j]; } return s;',
      [9],
      [numbers(9)],
    ],
    [
      'parts of rows',
      'a0, a1',
      `${rows(7)} if (p < 3) { return a0[q * 3 + p]; }\nif (p < 7) { const v = a1[q]; return v; }\nreturn 0;`,
      [21],
      [numbers(9), numbers(3)],
    ],
    ['a copy of a variable', 'a0', 'let v = a0[i]; const w = v; v = v * 3; return v - w;', [9], [numbers(9)]],
    ['a condition per element', 'a0', 'let v = a0[i]; if (v > 0 && v < 3) { v = v * 2; } return v;', [9], [numbers(9)]],
    [
      'a variable of a row',
      'a0, a1',
      `${rows(5)} let v = a0[q]; if (v > 0) { v = v + 1; } return v * a1[p];`,
      [15],
      [numbers(3), numbers(5)],
    ],
    [
      'rows added by index',
      'a0, a1',
      `${rows(5)} let s = 0; for (let j = 0; j < 6; j++) { if (a1[j] === q) { s = s + a0[j * 5 + p]; } } return s;`,
      [20],
      [numbers(30), [0, 3, 3, 1, 0, 3]],
    ],
  ])('%s', (_name, params, body, sizes, arrays) => {
    for (const size of sizes) {
      const { found, expected } = bothOf(params, body, size, arrays);
      expect(found).toEqual(expected);
    }
  });

  it('refuses text that is not a kernel', () => {
    expect(() => parse(textOf('a0', 'return a0[i'))).toThrow("a kernel's text has '}' where ']' is expected");
    expect(() => parse(textOf('a0', 'return @;'))).toThrow("a kernel's text");
    expect(() => compileKernel('f', textOf('a0', 'return Math.tan(a0[i]);'), 4)).toThrow(
      'Math.tan, which has no instruction',
    );
    expect(() => compileKernel('f', textOf('a0', 'return b0;'), 4)).toThrow('reads b0, which it does not declare');
  });
});

it('arrays share memory only while one of them is not needed', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = rng(seed);
    const place = (source: Place['source'] = null): Place => ({ size: 1 + random.integer(400), source, address: 0 });
    const given = [place(0), place(1)];
    const all = [...given];
    const launches = Array.from({ length: 30 }, (): Launch => {
      const operands = [0, 1, 2].map(() => all[Math.max(0, all.length - 1 - random.integer(6))]!);
      const result = place();
      all.push(result);
      return { kernel: { text: '', size: result.size, workgroup: null, routine: null }, operands, result };
    });
    const results = [all.at(-1)!, all[9]!];
    const pages = placeArrays({ launches, results, given }, 0);
    const first = (x: Place): number => launches.findIndex(({ result }) => result === x);
    const last = (x: Place): number =>
      [...given, ...results].includes(x)
        ? launches.length
        : launches.findLastIndex(({ operands, result }) => result === x || operands.includes(x));
    let shared = 0;
    for (const x of all) {
      expect(x.address + 4 * x.size).toBeLessThan(pages * 2 ** 16);
      for (const y of all) {
        if (x === y || x.address >= y.address + 4 * y.size || y.address >= x.address + 4 * x.size) continue;
        expect(first(x) > last(y) || first(y) > last(x)).toBe(true);
        shared++;
      }
    }
    expect(shared).toBeGreaterThan(0);
  }
});

describe('routines compute', () => {
  const twoBatches = { x: { shape: [2, 9, 3, 7] }, y: { shape: [2, 6, 3, 7] } };
  it.each<readonly [string, string, Readonly<Record<string, { readonly shape: readonly number[] }>>, boolean]>([
    ['a product', 'ij,jk->ik', { x: { shape: [13, 300] }, y: { shape: [300, 9] } }, true],
    ['transposed products', 'ji,kj->ik', { x: { shape: [11, 6] }, y: { shape: [5, 11] } }, true],
    ['a product whose rows are last', 'ij,jk->ki', { x: { shape: [11, 6] }, y: { shape: [6, 5] } }, true],
    ['products of two axes of batches', 'bthd,bshd->bhts', twoBatches, true],
    ['sums over two axes that are one', 'iab,kab->ik', { x: { shape: [5, 2, 4] }, y: { shape: [7, 2, 4] } }, true],
    ['sums over two axes that are not', 'iab,bak->ik', { x: { shape: [5, 2, 4] }, y: { shape: [4, 2, 7] } }, false],
    ['results of another order', 'bik,bkj->ibj', { x: { shape: [3, 5, 4] }, y: { shape: [3, 4, 6] } }, false],
  ])('%s exactly', async (_name, subscripts, slots, isRoutine) => {
    const fn: Equation = ({ x, y }) => ({ z: einsum(subscripts, x!, y!) });
    const routines = kernelsOf(fn, slots, targets.wasm).map(({ routine }) => routine?.is);
    expect(routines).toEqual([isRoutine ? 'product' : undefined]);
    const given = Object.entries(slots).map(([name, { shape }]) => [name, numbers(sizeOf(shape))] as const);
    const f = await compile(fn, slots, { backend: 'wasm' });
    const { z } = await f(Object.fromEntries(given.map(([name, own]) => [name, Float32Array.from(own)])));
    const exact = fn(Object.fromEntries(given.map(([name, own]) => [name, input(f64, own, slots[name]!.shape)])));
    expect([...z!]).toEqual([...read(exact.z!)]);
    await f.dispose();
  });
});

it('rows added by index are exact, in batches', async () => {
  const fn: Equation = ({ x, at }) => ({ one: scatterAdd(x!, at!, 4), more: scatterAdd(x!, at!, 3, 1) });
  const slots = { x: { shape: [2, 5, 7] }, at: { shape: [2, 5], kind: 'index' } } as const;
  const [x, at] = [numbers(70), [2, 0, 1, 2, 2, 1, 1, 0, 2, 1]];
  expect(kernelsOf(fn, slots, targets.wasm).map(({ routine }) => routine?.is)).toEqual(['scatter', 'scatter']);
  const f = await compile(fn, slots, { backend: 'wasm' });
  const { one, more } = await f({ x: Float32Array.from(x), at: Int32Array.from(at) });
  const exact = fn({ x: input(f64, x, [2, 5, 7]), at: indexInput(f64, at, [2, 5]) });
  expect([[...one!], [...more!]]).toEqual([[...read(exact.one!)], [...read(exact.more!)]]);
  await f.dispose();
});

it('a profile has the time of each kernel, and leaves kept inputs as they are', async () => {
  const next: Equation = ({ x, y }) => ({ next: add(x!, y!), total: sum(mul(x!, x!)) });
  const f = await compile(next, { x: { shape: [99] }, y: { shape: [99] } }, { backend: 'wasm', keep: { x: 'next' } });
  const ones = new Float32Array(99).fill(1);
  expect((await f({ x: ones, y: ones })).total![0]).toBe(99);
  const { kernels, together, writing } = await f.profile();
  expect(kernels.map(({ size }) => size)).toEqual([1, 99]);
  expect(Math.min(...kernels.map(({ seconds }) => seconds))).toBeGreaterThanOrEqual(0);
  expect([together > 0, writing]).toEqual([true, 0]);
  expect((await f({ y: ones })).total![0]).toBe(4 * 99);
  expect((await f.kept('x'))[98]).toBe(3);
  await f.dispose();
});

it('is refused where the machine lacks memory, and gives its memory back', async () => {
  // the project's library types lack WebAssembly
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: { Memory: unknown } };
  const { Memory } = wasm;
  const compiled = (): ReturnType<typeof compile> =>
    compile(({ x }) => ({ y: add(x!, 1) }), { x: { shape: [2] } }, { backend: 'wasm', keep: { x: 'y' } });
  wasm.Memory = class {
    constructor() {
      throw new RangeError('could not allocate memory');
    }
  };
  try {
    expect(await refusalOf(compiled())).toMatch(
      /^compile: this machine has no memory for the arrays of 1 kernels, which take 16 bytes together; use smaller batches/,
    );
  } finally {
    wasm.Memory = Memory;
  }
  const f = await compiled();
  await f({ x: Float32Array.of(1, 2) });
  await f.dispose();
  expect(await refusalOf(f.kept('x'))).toContain('it has been disposed of');
});

testLarge('wasm');
