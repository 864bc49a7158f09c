/** @file Times each kernel of a compiled function, on a graphics card or the processor. */
import { mul, sum } from 'densessm';
import { compile } from 'densessm/gpu';

const f = await compile(({ x }) => ({ y: sum(mul(x!, x!)) }), { x: { shape: [1000] } });
await f({ x: new Float32Array(1000) });
if (f.ran.backend !== 'cpu') console.log((await f.profile()).kernels.map(({ bytes, seconds }) => ({ bytes, seconds })));
await f.dispose();
