/** @file Refused calls of tensor operations, each with its full message. */
import { describe } from 'vitest';
import { grad, jvp, vjp } from '../../src/autograd/vjp.ts';
import { f64, indices, scalar, tensor } from '../../src/executors/f64/index.ts';
import { checkpoint, chunks, div, exp, meanKeep, neg, select, sigmoid, stack } from '../../src/index.ts';
import { apply } from '../../src/tensor/apply.ts';
import { flatten, indexInput, input, item, type Nested } from '../../src/tensor/input.ts';
import { constantLike, filledLike, zerosLike } from '../../src/tensor/operand.ts';
import { at } from '../../src/tensor/ops.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { broadcast } from '../../src/tensor/primitives/broadcast.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { gather } from '../../src/tensor/primitives/gather.ts';
import { primitives } from '../../src/tensor/primitives/index.ts';
import { maxReduce } from '../../src/tensor/primitives/max-reduce.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { pad } from '../../src/tensor/primitives/pad.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { scatterAdd } from '../../src/tensor/primitives/scatter-add.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';
import { mapTree, type Tree } from '../../src/tensor/tree.ts';
import type { Value } from '../../src/tensor/value.ts';
import { counting } from '../support/counting.ts';
import { type Refusal, refuses } from '../support/refusals.ts';

const x = tensor([1, 2, 3]);
const m = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
const rows = indices([0, 1]);
const elsewhere = input(counting().on, [1, 2, 3], [3]);
const columns = reshape(rows, [2, 1]);

/** Returns a value that has escaped from a finished gradient call. */
function kept(): Value {
  let escaped = x;
  grad((y) => {
    escaped = mul(y, y);
    return sum(escaped);
  }, x);
  return escaped;
}

/** Passes an argument of a wrong type, as a JavaScript caller may. */
const untyped = (wrong: unknown): Nested => wrong as Nested;

const refusals: { readonly [kind: string]: readonly Refusal[] } = {
  'making values': [
    [
      () => input(f64, [1, 2, 3], [2, 2]),
      'input: 3 numbers do not fill shape [2, 2], which holds 4; change one of them',
    ],
    [() => input(f64, [], [-1]), 'input: shape [-1] has the axis length -1; lengths are integers ≥ 0'],
    [() => input(f64, [1], [1.5]), 'input: shape [1.5] has the axis length 1.5; lengths are integers ≥ 0'],
    [() => indexInput(f64, [1, 2], [3]), 'indices: 2 numbers do not fill shape [3], which holds 3; change one of them'],
    [() => indices([0, -1]), 'indices: element 1 is -1; an index is an integer from 0 to 2^24'],
    [() => indices([0.5]), 'indices: element 0 is 0.5; an index is an integer from 0 to 2^24'],
    [() => indices([2 ** 24 + 1]), 'indices: element 0 is 16777217; an index is an integer from 0 to 2^24'],
    [() => indices([Number.NaN]), 'indices: element 0 is NaN; an index is an integer from 0 to 2^24'],
    [
      () => tensor([[1, 2], [3]]),
      'tensor: element [1] is a list of 1 where the first of its level is a list of 2; lists of one level are equally long',
    ],
    [
      () => tensor([[1], 2]),
      'tensor: element [1] is a number where the first of its level is a list of 1; lists of one level are equally long',
    ],
    [
      () => tensor([1, [2]]),
      'tensor: element [1] is a list of 1 where the first of its level is a number; lists of one level are equally long',
    ],
    [
      () => tensor([[], [1]]),
      'tensor: element [1] is a list of 1 where the first of its level is a list of 0; lists of one level are equally long',
    ],
    [
      () => indices([[1, 2], [3]]),
      'indices: element [1] is a list of 1 where the first of its level is a list of 2; lists of one level are equally long',
    ],
    [
      () => flatten([[1, 2], [3]]),
      'flatten: element [1] is a list of 1 where the first of its level is a list of 2; lists of one level are equally long',
    ],
    [() => tensor(untyped('12')), 'tensor: element [] is 12, neither a number nor a list of them'],
    [() => tensor(untyped([1, '2'])), 'tensor: element [1] is 2, neither a number nor a list of them'],
    [
      () => tensor(untyped([[1], [undefined]])),
      'tensor: element [1, 0] is undefined, neither a number nor a list of them',
    ],
    [
      () => constantLike(x, new Float64Array(3), [2]),
      'constantLike: 3 numbers do not fill shape [2], which holds 2; change one of them',
    ],
    [() => filledLike(x, 1, [-2]), 'filledLike: shape [-2] has the axis length -2; lengths are integers ≥ 0'],
    [() => zerosLike(x, [0.5]), 'zerosLike: shape [0.5] has the axis length 0.5; lengths are integers ≥ 0'],
    [() => item(x), 'item: shape [3] holds 3 elements, not one; use read, or pick one with at'],
    [() => item(tensor([])), 'item: shape [0] holds 0 elements, not one; use read, or pick one with at'],
  ],
  shapes: [
    [
      () => add(x, tensor([1, 2])),
      'add: shapes [3] and [2] do not broadcast: axis -1 is 3 and 2; make them equal or one of them 1',
    ],
    [
      () => mul(m, tensor([[1], [2], [3]])),
      'mul: shapes [2, 3] and [3, 1] do not broadcast: axis -2 is 2 and 3; make them equal or one of them 1',
    ],
    [
      () => div(x, tensor([1, 2])),
      'div: shapes [3] and [2] do not broadcast: axis -1 is 3 and 2; make them equal or one of them 1',
    ],
    [
      () => select(tensor([1, 0]), x, x),
      'select: shapes [2] and [3] do not broadcast: axis -1 is 2 and 3; make them equal or one of them 1',
    ],
    [
      () => apply(primitives.add, [x, m], {}),
      'add: operand 1 has shape [2, 3], operand 0 has [3]; broadcast one first',
    ],
    [
      () => broadcast(x, [2, 2]),
      'broadcast: shapes [3] and [2, 2] do not broadcast: axis -1 is 3 and 2; make them equal or one of them 1',
    ],
    [() => broadcast(m, [3]), 'broadcast: shape [2, 3] does not broadcast to [3]; only axes of length 1 grow'],
    [() => broadcast(x, [1]), 'broadcast: shape [3] does not broadcast to [1]; only axes of length 1 grow'],
    [() => broadcast(scalar(1), [-1]), 'broadcast: shape [-1] has the axis length -1; lengths are integers ≥ 0'],
    [() => reshape(m, [4]), 'reshape: [2, 3] has 6 elements, [4] has 4; they must agree'],
    [() => reshape(m, [-2, -3]), 'reshape: shape [-2, -3] has the axis length -2; lengths are integers ≥ 0'],
    [() => concat([], 0), 'concat: no values to join; give at least one'],
    [() => concat([m, x], 0), 'concat: shapes [2, 3] and [3] differ outside axis 0; only that axis may differ'],
    [
      () => concat([m, tensor([[1, 2]])], 0),
      'concat: shapes [2, 3] and [1, 2] differ outside axis 0; only that axis may differ',
    ],
    [() => stack([], 0), 'stack: no values to join; give at least one'],
    [() => stack([x, tensor([1])], 0), 'stack: shapes [3] and [1] differ; only values of one shape stack'],
    [() => maxReduce(reshape(tensor([]), [2, 0]), 1), 'maxReduce: axis 1 of [2, 0] is empty; nothing is largest there'],
    [() => meanKeep(reshape(tensor([]), [0, 2]), 0), 'meanKeep: axis 0 of [0, 2] is empty; nothing has a mean there'],
  ],
  axes: [
    [() => sum(m, [2]), 'sum: axis 2 does not exist in shape [2, 3]; use -2…1'],
    [() => sum(m, [-3]), 'sum: axis -3 does not exist in shape [2, 3]; use -2…1'],
    [() => sum(m, [0.5]), 'sum: axis 0.5 does not exist in shape [2, 3]; use -2…1'],
    [() => sum(scalar(1), [0]), 'sum: axis 0 does not exist in shape []; a scalar has no axes'],
    [() => maxReduce(x, 1), 'maxReduce: axis 1 does not exist in shape [3]; use -1…0'],
    [() => meanKeep(x, 1), 'meanKeep: axis 1 does not exist in shape [3]; use -1…0'],
    [() => slice(x, 1, 0, 1), 'slice: axis 1 does not exist in shape [3]; use -1…0'],
    [() => pad(x, -2, 0, 1), 'pad: axis -2 does not exist in shape [3]; use -1…0'],
    [() => concat([x, x], 1), 'concat: axis 1 does not exist in shape [3]; use -1…0'],
    [() => concat([x], 9), 'concat: axis 9 does not exist in shape [3]; use -1…0'],
    [() => stack([x, x], 2), 'stack: axis 2 does not exist in shape [3, 1]; use -2…1'],
    [() => at(x, 1, 0), 'at: axis 1 does not exist in shape [3]; use -1…0'],
    [() => chunks(x, 1, 2), 'chunks: axis 1 does not exist in shape [3]; use -1…0'],
    [
      () => transpose(m, [0, 0]),
      'transpose: order [0, 0] is not a permutation of the axes of [2, 3]; name each of [0, 1] once',
    ],
    [
      () => transpose(m, [1]),
      'transpose: order [1] is not a permutation of the axes of [2, 3]; name each of [0, 1] once',
    ],
    [
      () => transpose(m, [-1, 0]),
      'transpose: order [-1, 0] is not a permutation of the axes of [2, 3]; name each of [0, 1] once',
    ],
  ],
  positions: [
    [() => slice(x, 0, 1, 4), 'slice: [1, 4) does not lie in axis 0 of [3], which is [0, 3)'],
    [() => slice(x, 0, 2, 1), 'slice: [2, 1) does not lie in axis 0 of [3], which is [0, 3)'],
    [() => slice(x, 0, -1, 1), 'slice: [-1, 1) does not lie in axis 0 of [3], which is [0, 3)'],
    [() => slice(x, 0, 0.5, 1), 'slice: [0.5, 1) does not lie in axis 0 of [3], which is [0, 3)'],
    [() => at(x, 0, 3), 'at: position 3 does not lie in axis 0 of [3], which is [0, 3)'],
    [() => at(x, 0, -1), 'at: position -1 does not lie in axis 0 of [3], which is [0, 3)'],
    [() => pad(x, 0, -1, 0), 'pad: -1 zeros before and 0 after; counts are integers ≥ 0'],
    [() => pad(x, 0, 0, 0.5), 'pad: 0 zeros before and 0.5 after; counts are integers ≥ 0'],
    [() => chunks(x, 0, 0), 'chunks: a chunk of 0; a chunk is an integer ≥ 1'],
    [() => chunks(x, 0, 1.5), 'chunks: a chunk of 1.5; a chunk is an integer ≥ 1'],
  ],
  'rows and indices': [
    [() => gather(m, indices([0, 2])), "gather: index 2 at element 1 is outside the table's 2 rows; rows count from 0"],
    [
      () => gather(m, indices([[3], [0]]), 1),
      "gather: index 3 at element 0 is outside the table's 3 rows; rows count from 0",
    ],
    [
      () => gather(reshape(tensor([]), [0, 2]), rows),
      "gather: index 0 at element 0 is outside the table's 0 rows; rows count from 0",
    ],
    [
      () => gather(scalar(1), rows),
      'gather: table [] and index [2] must share 0 leading axes, and the table have its rows next',
    ],
    [
      () => gather(m, indices([0, 1, 0]), 1),
      'gather: table [2, 3] and index [3] must share 1 leading axes, and the table have its rows next',
    ],
    [
      () => gather(m, rows, 2),
      'gather: table [2, 3] and index [2] must share 2 leading axes, and the table have its rows next',
    ],
    [() => gather(m, rows, -1), 'gather: -1 shared leading axes; their number is an integer ≥ 0'],
    [() => gather(m, rows, 0.5), 'gather: 0.5 shared leading axes; their number is an integer ≥ 0'],
    [() => gather(m, x), 'gather: operand 1 is of kind real, not index; make it with indices(…)'],
    [
      () => scatterAdd(m, indices([0, 5]), 5),
      "scatterAdd: index 5 at element 1 is outside the table's 5 rows; rows count from 0",
    ],
    [() => scatterAdd(m, rows, -1), 'scatterAdd: -1 rows; a row count is an integer ≥ 0'],
    [() => scatterAdd(m, rows, 1.5), 'scatterAdd: 1.5 rows; a row count is an integer ≥ 0'],
    [
      () => scatterAdd(m, indices([0]), 2),
      'scatterAdd: values [2, 3] do not begin with the index shape [1]; one row per index',
    ],
    [
      () => scatterAdd(x, indices([[0]]), 2),
      'scatterAdd: values [3] do not begin with the index shape [1, 1]; one row per index',
    ],
    [() => scatterAdd(m, rows, 2, 2), 'scatterAdd: index [2] has no 2 leading axes to share; lower batchAxes'],
    [() => scatterAdd(m, rows, 2, -1), 'scatterAdd: -1 shared leading axes; their number is an integer ≥ 0'],
  ],
  kinds: [
    [() => add(rows, rows), 'add: operand 0 is of kind index, not real; index values are never computed with'],
    [() => exp(rows), 'exp: operand 0 is of kind index, not real; index values are never computed with'],
    [() => sum(columns), 'sum: operand 0 is of kind index, not real; index values are never computed with'],
    [() => gather(rows, rows), 'gather: operand 0 is of kind index, not real; index values are never computed with'],
    [
      () => concat([tensor([1]), indices([1])], 0),
      'concat: operand 1 is of kind index, not real; index values are never computed with',
    ],
    [
      () => concat([indices([1]), tensor([1])], 0),
      'concat: operand 1 is of kind real, not index; make it with indices(…)',
    ],
    [() => vjp((y) => y, rows), 'vjp: the input is of kind index; close over it instead of differentiating it'],
    [
      () => grad(({ w }) => sum(w), { w: x, ids: [rows] }),
      'vjp: input ids.0 is of kind index; close over it instead of differentiating it',
    ],
    [
      () => checkpoint(({ w }) => w, { w: x, ids: rows }),
      'checkpoint: input ids is of kind index; close over it instead of passing it in',
    ],
  ],
  numbers: [
    [() => scale(x, Number.NaN), 'scale: the factor is NaN; a factor is a finite number'],
    [() => mul(x, Number.POSITIVE_INFINITY), 'mul: the factor is Infinity; a factor is a finite number'],
    [() => mul(Number.NaN, x), 'mul: the factor is NaN; a factor is a finite number'],
    [() => div(x, 0), 'div: the divisor is 0; a divisor is a finite number other than 0'],
    [() => div(x, Number.NaN), 'div: the divisor is NaN; a divisor is a finite number other than 0'],
    [() => div(x, -Infinity), 'div: the divisor is -Infinity; a divisor is a finite number other than 0'],
    [() => add(1, 2), 'add: both operands are numbers (1, 2); one must be a value, as in scalar(1)'],
    [() => mul(1, 2), 'mul: both operands are numbers (1, 2); one must be a value, as in scalar(1)'],
  ],
  einsum: [
    [() => einsum('td,sd', x, x), "einsum 'td,sd': not of the form 'ab,bc->ac' (letters, commas, one ->)"],
    [() => einsum('t d->t', m), "einsum 't d->t': not of the form 'ab,bc->ac' (letters, commas, one ->)"],
    [() => einsum('...d->d', m), "einsum '...d->d': not of the form 'ab,bc->ac' (letters, commas, one ->)"],
    [() => einsum('a->b->c', m), "einsum 'a->b->c': not of the form 'ab,bc->ac' (letters, commas, one ->)"],
    [
      () => einsum('ii->i', m),
      "einsum 'ii->i': index i stands twice in 'ii'; a diagonal is not an einsum, name each axis once",
    ],
    [
      () => einsum('i->ii', x),
      "einsum 'i->ii': index i stands twice in 'ii'; a diagonal is not an einsum, name each axis once",
    ],
    [
      () => einsum('ij->ik', m),
      "einsum 'ij->ik': index k of the result stands in no operand; broadcast the result to repeat it",
    ],
    [() => einsum('td,sd->ts', m), "einsum 'td,sd->ts': 2 terms but 1 operands; give one operand per term"],
    [() => einsum('->'), "einsum '->': 1 terms but 0 operands; give one operand per term"],
    [
      () => einsum('td,sd->ts', m, x),
      "einsum 'td,sd->ts': operand 1 has shape [3], its term 'sd' names 2 axes; name every axis",
    ],
    [
      () => einsum('td->td', x),
      "einsum 'td->td': operand 0 has shape [3], its term 'td' names 2 axes; name every axis",
    ],
    [
      () => einsum('td,sd->ts', m, tensor([[1, 2]])),
      "einsum 'td,sd->ts': index d is 3 in operand 0 [2, 3] and 2 in operand 1 [1, 2]; they must agree",
    ],
    [
      () => einsum('i,ij,j->', tensor([1, 2]), m, tensor([1])),
      "einsum 'i,ij,j->': index j is 3 in operand 1 [2, 3] and 1 in operand 2 [1]; they must agree",
    ],
  ],
  executors: [
    [
      () => add(x, elsewhere),
      'add: operands live on unrelated executors (f64 and counting); move one with input(executor, read(x), x.shape)',
    ],
    [
      () => grad((y) => sum(mul(y, elsewhere)), x),
      'mul: operands live on unrelated executors (tape on f64 and counting); move one with input(executor, read(x), x.shape)',
    ],
    [
      () => vjp((y) => y, [x, elsewhere]),
      'vjp: input 1 lives on counting, the first on f64; move one with input(executor, read(x), x.shape)',
    ],
    [
      () => vjp((y) => y, x).pullback(elsewhere),
      'pullback: the cotangent for the result lives on counting, not f64; move it with input(executor, read(x), x.shape)',
    ],
    [
      () => grad((y) => sum(mul(y, input(y.on, [1], [1]))), x),
      'tape: a tape has no inputs of its own; make the value on f64 and pass it to grad or vjp',
    ],
    [
      () => grad((y) => ({ ...y, data: y.on.constant(Float64Array.of(1), [1]) }), x),
      'tape: a tape has no constants of its own; make the value on its root executor',
    ],
  ],
  'gradient calls': [
    [
      () => neg(kept()),
      'scale: an operand belongs to a gradient call that has ended; return it from the differentiated function instead of keeping it',
    ],
    [
      () => add(x, kept()),
      'add: an operand belongs to a gradient call that has ended; return it from the differentiated function instead of keeping it',
    ],
    [
      () => grad((y) => sum(mul(y, kept())), x),
      'mul: an operand belongs to a gradient call that has ended; return it from the differentiated function instead of keeping it',
    ],
    [
      () => grad((y) => sum(sigmoid(y)), kept()),
      'sigmoid: an operand belongs to a gradient call that has ended; return it from the differentiated function instead of keeping it',
    ],
    [
      () => vjp(() => kept(), x),
      'vjp: the result belongs to an inner gradient call that has ended; return it from that call instead of keeping it',
    ],
    [
      () => vjp((y) => ({ a: y, b: [kept()] }), x),
      'vjp: result b.0 belongs to an inner gradient call that has ended; return it from that call instead of keeping it',
    ],
    [
      () => checkpoint((y) => mul(y, y), kept()),
      'checkpoint: an input belongs to a gradient call that has ended; call it inside the differentiated function',
    ],
    [
      () => grad((y) => mul(y, y), x),
      'grad: the result has shape [3]; grad needs one number: sum it, or use vjp with a cotangent',
    ],
    [
      () => grad((async (y: Value) => sum(y)) as never, x),
      'vjp: the function is async, and its result a promise; compute it without await, and read numbers outside',
    ],
    [() => grad(x as never, x), 'vjp: an object comes first, not a function of the inputs; write grad((x) => …, x)'],
    [
      () => grad(((y: Value) => [y]) as never, x),
      'grad: the result is no value; grad needs one number, so return sum(…), or use vjp with a cotangent',
    ],
    [
      () => grad((y) => y, Promise.resolve(x) as never),
      'tree: the root is a promise; await it, a tree holds values, lists and records of them',
    ],
    [() => vjp(() => x, {}), 'vjp: the inputs hold no values; there is nothing to differentiate with respect to'],
    [
      () => vjp((y) => y, x).pullback(m),
      'pullback: the cotangent for the result has shape [2, 3], not [3]; they must agree',
    ],
    [
      () => vjp((y): readonly Value[] => [y, y], x).pullback([x]),
      'pullback: there is no cotangent for result 1; give one for each',
    ],
    [
      () => vjp((y): readonly Value[] => [y], x).pullback([x, x]),
      'pullback: there is no result 1 for a cotangent; give one for each',
    ],
    [() => jvp((y) => y, x, m), 'jvp: the direction for the input has shape [2, 3], not [3]; they must agree'],
    [() => jvp((y: Tree) => y, { a: x }, { b: x }), 'jvp: there is no direction for input a; give one for each'],
  ],
  trees: [
    [
      () => mapTree(3 as unknown as Value, (y) => y),
      'tree: the root is 3; a tree holds values, lists and records of them',
    ],
    [
      () => mapTree({ a: [x, null as unknown as Value] }, (y) => y),
      'tree: a.1 is null; a tree holds values, lists and records of them',
    ],
    [() => grad(() => 1 as unknown as Value, x), 'tree: the root is 1; a tree holds values, lists and records of them'],
  ],
};

describe.each(Object.entries(refusals))('refusals in %s', (_, list) => refuses(list));
