/** @file Compiles a function, runs it on several threads, and does not dispose of it. The process must still end. */
import { compile } from '../../../src/executors/gpu/index.ts';
import { add } from '../../../src/tensor/primitives/add.ts';

const size = 2 ** 15;
const f = await compile(({ x }) => ({ y: add(x!, 1) }), { x: { shape: [size] } }, { backend: 'webasm' });
const { y } = await f({ x: new Float32Array(size).fill(2) });
console.log(f.ran.executorKind, y![size - 1]);
