/** @file Positions of weight 0 in the cross-entropy loss, on numbers and in compiled programs. */
import { describe, expect, it } from 'vitest';
import { valueAndGrad } from '../../src/autograd/vjp.ts';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { crossEntropy } from '../../src/nn/cross-entropy.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import type { Value } from '../../src/tensor/value.ts';

type Inputs = Readonly<Record<string, Value>>;
const lossOf = ({ logits, tokens, weights }: Inputs) =>
  valueAndGrad((x) => crossEntropy(x, { tokens: tokens!, weights: weights! }), logits!);

/** Loss and gradient of two positions, of which only the first counts, for logits [0, 0] and `ignored`. */
const eager = [f64, f32].map((on) => async (ignored: readonly number[]) => {
  const logits = input(on, [0, 0, ...ignored], [2, 2]);
  const found = lossOf({ logits, tokens: indexInput(on, [0, 0], [2]), weights: input(on, [1, 0], [2]) });
  return [...read(found.value), ...read(found.gradient)];
});
const compiled = async (ignored: readonly number[]): Promise<number[]> => {
  const shapes = { logits: { shape: [2, 2] }, tokens: { shape: [2], kind: 'index' }, weights: { shape: [2] } } as const;
  const f = await compile(lossOf, shapes, { backend: 'wasm' });
  const [logits, tokens, weights] = [
    [0, 0, ...ignored],
    [0, 0],
    [1, 0],
  ].map((x) => Float32Array.from(x));
  const { value, gradient } = await f({ logits: logits!, tokens: tokens!, weights: weights! });
  await f.dispose();
  return [...value!, ...gradient!];
};

describe.each([
  ['f64', eager[0]!, Math.LN2],
  ['f32', eager[1]!, Math.fround(Math.LN2)],
  ['wasm', compiled, Math.fround(Math.LN2)],
])('the cross-entropy on %s', (_, run, ln2) => {
  it.each([[[-Infinity, 0]], [[NaN, 0]], [[Infinity, 0]], [[Infinity, -Infinity]], [[1e38, -1e38]]])(
    'gets nothing from the logits %j of a position that does not count',
    async (ignored) => {
      expect(await run(ignored)).toEqual([ln2, -0.5, 0.5, 0, 0]);
    },
  );
});

it('the cross-entropy of a position that counts may be infinite', () => {
  const logits = input(f64, [-Infinity, 0], [1, 2]);
  const { value } = lossOf({ logits, tokens: indexInput(f64, [0], [1]), weights: input(f64, [1], [1]) });
  expect(read(value)[0]).toBe(Infinity);
});
