// A test of a kernel with vitest: every number is held to its own error bound.
import 'densessm/vitest';
import type { KernelInputs, KernelTensors } from 'densessm/oracle';
import { expect, it } from 'vitest';

/** h_t = a_t h_{t-1} + b_t, for each channel of each sequence. */
function linearScan({ a, b, state }: KernelInputs): KernelTensors {
  const [, time, channels] = a!.shape as [number, number, number];
  const output = Float32Array.from(b!.data);
  const h = Float32Array.from(state!.data);
  for (let i = 0; i < output.length; i++) {
    const at = Math.floor(i / (time * channels)) * channels + (i % channels);
    output[i] = h[at] = Math.fround(a!.data[i]! * h[at]!) + b!.data[i]!;
  }
  return { output: { shape: b!.shape, data: output }, state: { shape: state!.shape, data: h } };
}

// 100 cases may take longer than the 5 s that vitest gives a test
it('computes a linear scan', { timeout: 60_000 }, async () => {
  await expect(linearScan).toBeRight('linearScan', { mode: 'recurrent', dtype: 'F32' });
});
