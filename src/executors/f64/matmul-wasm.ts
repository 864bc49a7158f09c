/** @file Multiplies matrices by WebAssembly kernels. Copies the operands to their memory, and the result back. */
import { once } from '../../tensor/once.ts';
import { elements, type Real } from '../../wasm/instructions.ts';
import { multiplication, roomOf } from '../../wasm/matmul.ts';
import { assemble } from '../../wasm/module.ts';
import { compile, type Exports, hasSimd, type Memory, newMemory } from '../../wasm/runtime.ts';
import type { Numbers } from './allocate.ts';
import type { Matrices } from './matmul-loops.ts';

const pageBytes = 2 ** 16;
/** Addresses are signed integers of 32 bits. */
const mostBytes = 2 ** 31 - pageBytes;

/** A compiled kernel with its memory, as numbers. */
interface Kernel {
  readonly memory: Memory;
  readonly numbers: Numbers;
  readonly multiply: Exports<'multiply'>['multiply'];
}

/** Compiles the kernel of a type once. */
const withMemory = {
  f32: once(() => compile<'multiply'>(assemble([multiplication('f32')]))),
  f64: once(() => compile<'multiply'>(assemble([multiplication('f64')]))),
};

const numbersOf = (real: Real, { buffer }: Memory): Numbers =>
  real === 'f64' ? new Float64Array(buffer) : new Float32Array(buffer);

function newKernel(real: Real, bytes: number): Kernel {
  const memory = newMemory(Math.ceil(bytes / pageBytes));
  return { memory, numbers: numbersOf(real, memory), multiply: withMemory[real]().instantiate(memory).multiply };
}

/** Makes a function that returns a kernel with at least so many bytes of memory. It keeps the memory up to a limit. */
function kernels(real: Real, keptBytes: number): (bytes: number) => Kernel {
  let kept: Kernel | undefined;
  return (bytes) => {
    if (bytes > keptBytes) return newKernel(real, bytes);
    kept ??= newKernel(real, bytes);
    const { memory } = kept;
    const has = memory.buffer.byteLength;
    if (bytes > has) {
      // by half at least, so that slowly growing products don't grow it each time
      const size = Math.min(Math.max(bytes, 1.5 * has), keptBytes);
      memory.grow(Math.ceil((size - has) / pageBytes));
      kept = { ...kept, numbers: numbersOf(real, memory) };
    }
    return kept;
  };
}

/**
 * Makes a function that computes `out[b, i, j] = Σ_k x[b, i, k] y[b, k, j]`, each sum in the order of k. It needs m, n and k above 0, and
 * returns false where the machine has no WebAssembly with SIMD, or the matrices don't fit in its memory. It keeps so many bytes of
 * memory between products, and computes as many batches at a time as fit there; a larger matrix gets a memory of its own.
 */
export function productsIn(keptBytes: number) {
  const kernelFor = { f32: kernels('f32', keptBytes), f64: kernels('f64', keptBytes) };
  return (x: Matrices, y: Matrices, batches: number, m: number, n: number, k: number, out: Numbers): boolean => {
    if (!hasSimd) return false;
    const real = out instanceof Float64Array ? 'f64' : 'f32';
    const { bytes } = elements[real];
    const room = Math.ceil(roomOf(real, n, k) / bytes);
    const perBatch = m * k + k * n + m * n;
    if ((room + perBatch) * bytes > mostBytes) return false;
    const most = Math.max(1, Math.floor((keptBytes / bytes - room) / perBatch));
    for (let b = 0; b < batches; b += most) {
      const count = Math.min(most, batches - b);
      const { numbers, multiply } = kernelFor[real]((room + count * perBatch) * bytes);
      const [x0, y0] = [room, room + count * m * k];
      const out0 = y0 + count * k * n;
      copy(x.data, b * m * k, count * m * k, numbers, x0);
      copy(y.data, b * k * n, count * k * n, numbers, y0);
      multiply(
        x0 * bytes,
        x.batch * bytes,
        x.row * bytes,
        x.column * bytes,
        y0 * bytes,
        y.batch * bytes,
        y.row * bytes,
        y.column * bytes,
        out0 * bytes,
        count,
        m,
        n,
        k,
        0,
      );
      copy(numbers, out0, count * m * n, out, b * m * n);
    }
    return true;
  };
}

/** Products that keep up to 128 MiB. */
export const multiplyInWasm = productsIn(2 ** 27);

/** Copies numbers. Making a view for a `set` takes longer than few numbers. */
function copy(from: Numbers, at: number, count: number, to: Numbers, start: number): void {
  if (count > 64) to.set(from.subarray(at, at + count), start);
  else for (let i = 0; i < count; i++) to[start + i] = from[at + i]!;
}
