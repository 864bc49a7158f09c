/** @file Compares the time of the linear scan and its gradients with that of plain loops. */
import { vjp } from '../src/autograd/vjp.ts';
import { f64 } from '../src/executors/f64/index.ts';
import { input } from '../src/tensor/input.ts';
import { linearScan as scan } from '../src/tensor/primitives/linear-scan.ts';
import { rng } from '../src/tensor/random.ts';
import type { Value } from '../src/tensor/value.ts';
import { measure } from './measure.ts';

const [t, channels] = [2048, 256];

/** Computes the scan, its adjoint and the gradient of a by plain loops, with time in the outermost loop. */
function bareLoops(a: Float64Array, b: Float64Array, h0: Float64Array, ct: Float64Array): Float64Array[] {
  const [h, λ, da] = [0, 1, 2].map(() => new Float64Array(b.length)) as [Float64Array, Float64Array, Float64Array];
  for (let i = 0; i < channels; i++) h[i] = a[i]! * h0[i]! + b[i]!;
  for (let i = channels; i < h.length; i++) h[i] = a[i]! * h[i - channels]! + b[i]!;
  const last = h.length - channels;
  for (let i = last; i < h.length; i++) λ[i] = ct[i]!;
  for (let i = last - 1; i >= 0; i--) λ[i] = a[i + channels]! * λ[i + channels]! + ct[i]!;
  for (let i = 0; i < channels; i++) da[i] = λ[i]! * h0[i]!;
  for (let i = channels; i < h.length; i++) da[i] = λ[i]! * h[i - channels]!;
  return [h, λ, da, h0.map((_, i) => a[i]! * λ[i]!)];
}

/** Times the scan with its gradients by the tape, and plain loops for the same computation. */
export async function linearScan(): Promise<void> {
  const random = rng(1);
  const numbers = (draw: () => number, size = t * channels): Float64Array => Float64Array.from({ length: size }, draw);
  const [a, b, ct] = [numbers(random.uniform), numbers(random.normal), numbers(random.normal)] as const;
  const h0 = numbers(random.normal, channels);
  for (const axis of [0, 1]) {
    const shape = axis === 0 ? [t, channels] : [1, t, channels];
    const of = (x: Float64Array): Value => input(f64, x, x === h0 ? shape.filter((_, i) => i !== axis) : shape);
    const [xs, u] = [{ a: of(a), b: of(b), h0: of(h0) }, of(ct)];
    const [bare, ours] = await measure(`linear scan both ways, T = ${t}, ${channels} channels, axis ${axis}`, [
      { name: 'bare loops', run: () => bareLoops(a, b, h0, ct) },
      { name: 'through the tape', run: () => vjp((x: typeof xs) => scan(x.a, x.b, x.h0, axis), xs).pullback(u) },
    ]);
    const ratio = ours! / bare!;
    console.log(`${ratio.toFixed(2)} times the bare loops; goal 2: ${ratio <= 2 ? 'reached' : 'MISSED'}\n`);
  }
}
