/** @file Computes the error bound of a difference that cancels to 0. */
import { input, mul, read, sub } from 'densessm';
import { bounded, boundOf, float32 } from 'densessm/oracle';

const on = bounded(float32);
const x = input(on, [1, 1e8], [2]);
const y = sub(mul(x, 1 / 3), mul(x, 1 / 3)); // cancels to 0; the bound is what rounding can leave
console.log(read(y), boundOf(y));
