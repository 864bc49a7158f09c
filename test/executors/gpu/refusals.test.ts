import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scalar } from '../../../src/executors/f64/index.ts';
import { type Backend, type Compiled, compile, type Equation } from '../../../src/executors/gpu/index.ts';
import { indexInput, item, read } from '../../../src/tensor/input.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { broadcast } from '../../../src/tensor/primitives/broadcast.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { gather } from '../../../src/tensor/primitives/gather.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { refusalOf } from './support.ts';

const x = { shape: [2, 3] };
const compiled = (fn: Equation, backend: string = 'webasm'): Promise<Compiled> =>
  compile(fn, { x }, { backend: backend as Backend });

describe('compile refuses in one line', () => {
  it('an unknown backend', async () => {
    expect(await refusalOf(compiled(({ x: v }) => ({ v: v! }), 'gpu'))).toBe(
      "compile: there is no backend 'gpu'; use 'auto', 'webgpu', 'wasm', 'webasm' or 'cpu' (did you mean 'webgpu'?)",
    );
  });

  it('reading a value', async () => {
    const remedy = 'return the value and read it from the result of a call';
    for (const reads of [read, item]) {
      const reading: Equation = ({ x: v }) => {
        reads(slice(slice(v!, 0, 0, 1), 1, 0, 1));
        return { v: v! };
      };
      expect(await refusalOf(compiled(reading))).toContain(remedy);
    }
  });

  it('a function that returns no values of its own', async () => {
    expect(await refusalOf(compiled(() => ({})))).toContain('returned no values');
    expect(await refusalOf(compiled(() => ({ y: scalar(1) })))).toContain('output y lives on f64');
    expect(await refusalOf(compiled(() => ({ y: 1 }) as never))).toContain('output y is number, not a value');
  });

  it('mixing executors', async () => {
    expect(await refusalOf(compiled(({ x: v }) => ({ y: add(v!, broadcast(scalar(1), [2, 3])) })))).toContain(
      'unrelated executors (gpu and f64)',
    );
  });

  it('operands that do not fit, as on every executor', async () => {
    expect(await refusalOf(compiled(({ x: v }) => ({ y: einsum('td,sd->ts', v!, reshape(v!, [3, 2])) })))).toBe(
      "einsum 'td,sd->ts': index d is 3 in operand 0 [2, 3] and 2 in operand 1 [3, 2]; they must agree",
    );
  });

  it('arrays with too many elements to address', async () => {
    const large = compile(({ v }) => ({ v: v! }), { v: { shape: [4097, 4097] } }, { backend: 'cpu' });
    expect(await refusalOf(large)).toContain('at most 2^24');
    expect(await refusalOf(compiled(({ x: v }) => ({ y: broadcast(v!, [4097, 4097, 2, 3]) })))).toContain(
      'broadcast: shape',
    );
  });

  it('a value used after compilation', async () => {
    let kept: Value | undefined;
    const f = await compiled(({ x: v }) => {
      kept = v;
      return { v: v! };
    });
    expect(() => add(kept!, 1)).toThrow('belongs to a compiled function');
    await f.dispose();
  });
});

describe('a call refuses in one line', () => {
  const at = { shape: [2, 2], kind: 'index' } as const;
  let rows: Compiled;
  beforeAll(async () => {
    const fn: Equation = ({ x: v, at: index }) => {
      // the function uses only element [1, 0] of the index
      const some = reshape(slice(slice(transpose(index!, [1, 0]), 1, 1, 2), 0, 0, 1), [1]);
      return { rows: gather(v!, concat([some, some], 0)), columns: gather(transpose(v!, [1, 0]), some) };
    };
    rows = await compile(fn, { x, at }, { backend: 'webasm' });
  });
  afterAll(() => rows.dispose());

  const six = Float32Array.of(1, 2, 3, 4, 5, 6);
  const good = Int32Array.of(9, 9, 1, 9);

  it('no valid call', async () => {
    const { rows: found } = await rows({ x: six, at: good });
    expect([...found!]).toEqual([4, 5, 6, 4, 5, 6]);
  });

  it.each([
    ['a missing input', { x: six }, 'input at is missing; give one array for each of x, at'],
    ['an unknown input', { x: six, at: good, z: six }, 'there is no input z; the inputs are x, at'],
    ['a wrong length', { x: six.slice(1), at: good }, 'input x has shape [2, 3], which 6 numbers fill, not 5'],
    ['a wrong type', { x: Float64Array.from(six), at: good }, 'input x is of kind real but given as Float64Array'],
    ['an integer array for numbers', { x: Int32Array.from(six), at: good }, 'is of kind real but given as Int32Array'],
    [
      'an index that is no integer',
      { x: six, at: Float32Array.of(0, 0, 0.5, 0) },
      'input at: element 2 is 0.5; an index is',
    ],
    ['a negative index', { x: six, at: Int32Array.of(0, 0, -1, 0) }, 'input at: element 2 is -1; an index is'],
    [
      'an index outside its table',
      { x: six, at: Int32Array.of(0, 0, 2, 0) },
      "gather: index 2 at element 0, element 2 of input at, is outside the table's 2 rows; rows count from 0",
    ],
  ] as const)('%s', async (_name, given, message) => {
    expect(await refusalOf(rows(given as never))).toContain(message);
  });

  it('an index that is already wrong at compile time', async () => {
    const fn: Equation = ({ x: v }) => ({ y: gather(v!, indexInput(v!.on, [0, 2], [2])) });
    expect(await refusalOf(compiled(fn))).toBe(
      "gather: index 2 at element 1 is outside the table's 2 rows; rows count from 0",
    );
  });

  it('profiling on a backend without kernel times', async () => {
    const f = await compiled(({ x: v }) => ({ v: v! }));
    expect(await refusalOf(f.profile())).toContain('kernels are timed on backends webgpu and wasm');
    await f.dispose();
  });

  it('a function after dispose, once or twice', async () => {
    const f = await compiled(({ x: v }) => ({ v: v! }));
    await f.dispose();
    await f.dispose();
    expect(await refusalOf(f({ x: six }))).toContain('it has been disposed of');
    expect(await refusalOf(f.profile())).toContain('it has been disposed of');
  });
});
