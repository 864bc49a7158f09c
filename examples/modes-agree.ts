/** @file Runs retention in two modes on the same numbers, and differentiates it. */
import { f64, grad, input, read, sum } from 'densessm';
import { chunkwiseRetention, recurrentRetention } from 'densessm/nn';

const q = input(f64, [1, 0, 0, 1, 1, 1], [1, 1, 3, 2]); // [b, h, t, d]
const inputs = { q, k: q, v: q, decay: [0.5] };
const state = input(f64, [1, 0, 0, 1], [1, 1, 2, 2]); // [b, h, d, e]

const chunkwise = chunkwiseRetention(2)(inputs, state); // two tokens at a time
const recurrent = recurrentRetention(inputs, state); // one at a time
console.log(read(chunkwise.output), read(recurrent.output)); // the same numbers
console.log(read(grad((s) => sum(recurrentRetention(inputs, s).state), state))); // γ³ everywhere
