/** @file Compiles a function and its gradient with gpu.js. */
import { mul, sum, valueAndGrad } from 'densessm';
import { compile } from 'densessm/gpu';

const f = await compile(
  ({ x }) => {
    const { value, gradient } = valueAndGrad((u) => sum(mul(u, mul(u, u))), x!);
    return { value, gradient };
  },
  { x: { shape: [3] } },
);
console.log(await f({ x: Float32Array.of(1, 2, 3) }));
console.log(f.ran.backend, f.ran.adapter, f.ran.passedOver);
await f.dispose();
