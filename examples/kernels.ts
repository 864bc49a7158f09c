// Kernels in TypeScript for `densessm check --module examples/kernels.ts`: a linear scan with its gradients.
import { type Kernel, kernels } from 'densessm/oracle';

const linearScan: Kernel = {
  modes: ['recurrent'],
  dtypes: ['F64'],
  run({ a, b, state }) {
    const [batch, time, channels] = a!.shape as [number, number, number];
    const output = new Float64Array(b!.data.length);
    const h = Float64Array.from(state!.data);
    for (let i = 0; i < batch; i++) {
      for (let t = 0; t < time; t++) {
        for (let n = 0; n < channels; n++) {
          const at = (i * time + t) * channels + n;
          output[at] = h[i * channels + n] = a!.data[at]! * h[i * channels + n]! + b!.data[at]!;
        }
      }
    }
    return { output: { shape: b!.shape, data: output }, state: { shape: state!.shape, data: h } };
  },
};

export default kernels('my kernels', { linearScan });
