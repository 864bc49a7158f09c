/** @file Refused calls with arguments that are not values. */
import { describe } from 'vitest';
import { tensor } from '../../src/executors/f64/index.ts';
import { div, einsum, exp, gather, sub } from '../../src/index.ts';
import { item, read } from '../../src/tensor/input.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { refuses, untyped } from '../support/refusals.ts';

const x = tensor([1, 2, 3]);
const missing = untyped(undefined);

describe('an argument that is not a value is refused', () => {
  refuses([
    [() => add(x, untyped([1])), 'add: operand 1 is a list of 1, not a value; make one with tensor(…)'],
    [() => add(missing, x), 'add: operand 0 is undefined, not a value; make one with tensor(…)'],
    [() => add(missing, 1), 'add: operand 0 is undefined, not a value; make one with tensor(…)'],
    [() => add(1, untyped(null)), 'add: operand 1 is null, not a value; make one with tensor(…)'],
    [() => mul(x, untyped('2')), "mul: operand 1 is '2', not a value; make one with tensor(…)"],
    [() => mul(missing, 2), 'scale: operand 0 is undefined, not a value; make one with tensor(…)'],
    [() => sub(x, untyped({ shape: [3] })), 'sub: operand 1 is an object, not a value; make one with tensor(…)'],
    [() => div(untyped(read), x), 'div: operand 0 is a function, not a value; make one with tensor(…)'],
    [() => exp(untyped(3)), 'exp: operand 0 is 3, not a value; make one with tensor(…)'],
    [() => gather(x, untyped([0])), 'gather: operand 1 is a list of 1, not a value; make one with tensor(…)'],
    [() => einsum('i,i->', x, missing), 'einsum: operand 1 is undefined, not a value; make one with tensor(…)'],
    [() => read(missing), 'read: x is undefined, not a value; make one with tensor(…)'],
    [() => item(untyped([1])), 'item: x is a list of 1, not a value; make one with tensor(…)'],
  ]);
});
