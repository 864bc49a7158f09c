/** @file Dropout: its masks, the rows of batches, the branches of each model, and the loss on masks. */
import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../src/autograd/check-gradient.ts';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import type { Drop, LanguageModel } from '../../src/models/language-model.ts';
import { initialise } from '../../src/models/language-model.ts';
import { presets } from '../../src/models/presets.ts';
import { linear } from '../../src/nn/linear.ts';
import { indexInput, input, item, read } from '../../src/tensor/input.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { gather } from '../../src/tensor/primitives/gather.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { type Rng, rng } from '../../src/tensor/random.ts';
import type { Tree } from '../../src/tensor/tree.ts';
import type { Value } from '../../src/tensor/value.ts';
import { countDropped, dropper, maskRows, maskTable, withDrops } from '../../src/training/dropout.ts';
import { eager, languageTraining, type RunsOn, randomWindows, unflatten } from '../../src/training/index.ts';
import { started } from '../../src/training/program.ts';

describe('maskTable', () => {
  it.each([0.1, 0.5, 0.9])('has zeros with probability %d, and keeps the mean', (probability) => {
    const [width, kept] = [2, 1 / (1 - probability)];
    const table = maskTable({ probability, seed: 1 }, width);
    expect(new Set(table)).toEqual(new Set([0, kept]));
    const near = (numbers: Float64Array): boolean => {
      const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
      // six standard deviations
      return Math.abs(mean - 1) < 6 * Math.sqrt((kept - 1) / numbers.length);
    };
    expect(near(table)).toBe(true);
    for (let channel = 0; channel < width; channel++)
      expect(near(table.filter((_, i) => i % width === channel))).toBe(true);
    expect(near(table.map((x) => x * (1 - probability)))).toBe(false); // masks that do not keep the mean
    expect(maskTable({ probability, seed: 1 }, width)).toEqual(table);
    expect(maskTable({ probability, seed: 2 }, width)).not.toEqual(table);
  });
});

describe('withDrops', () => {
  const shape = [3, 4, 8];
  const source = randomWindows(
    Int32Array.from({ length: 5000 }, (_, i) => i % 7),
    1,
  );
  type Drops = (batch: number) => Float32Array;
  const of =
    (seed: number): Drops =>
    (batch) =>
      withDrops(source, { shape }, seed)(batch, 4, 8).drops;

  /** Whether the positions of all branches in all batches have rows of their own: few are equal, by chance. */
  const areOwn = (drops: Drops): boolean => {
    const columns = Array.from({ length: 40 }, (_, batch) => [...drops(batch)]).flatMap((rows) => [
      rows.slice(0, 32),
      rows.slice(32, 64),
      rows.slice(64),
    ]);
    const isFree = (lists: readonly number[][]): boolean =>
      lists.every((one, i) => one.filter((row, j) => row === lists[(i + 1) % lists.length]![j]).length < 8);
    const seen = new Set(columns.flat());
    // 3840 draws among 4096 rows hit 2492 of them, give or take 20
    return isFree(columns) && isFree(columns.map((_, i) => columns[(7 * i) % columns.length]!)) && seen.size > 2350;
  };

  it('draws other rows for each batch, branch and position', () => {
    const drops = of(1);
    expect(areOwn(drops)).toBe(true);
    const all = Array.from({ length: 40 }, (_, batch) => [...drops(batch)]).flat();
    expect([Math.min(...all) >= 0, Math.max(...all) < maskRows, all.every(Number.isInteger)]).toEqual([
      true,
      true,
      true,
    ]);
    // faults: the same rows in each step, in each branch, at each position
    expect(areOwn(() => drops(0))).toBe(false);
    expect(areOwn((batch) => Float32Array.from(drops(batch), (_, i) => drops(batch)[i % 32]!))).toBe(false);
    expect(areOwn((batch) => drops(batch).map((_, i, rows) => rows[i - (i % 32)]!))).toBe(false);
  });

  it('draws the same rows for the same batch and seed, in any order, and leaves the batch as it is', () => {
    const drops = of(1);
    expect([9, 0].map(drops)).toEqual([of(1)(9), of(1)(0)]);
    expect(of(2)(0)).not.toEqual(drops(0));
    expect(withDrops(source, { shape }, 1)(3, 4, 8)).toMatchObject(source(3, 4, 8));
  });
});

/** A preset's model with weights of order 1, and its logits with something dropped. */
function small(name: keyof typeof presets) {
  const { model: own, config: configOf } = presets[name];
  const model = own as unknown as LanguageModel<unknown, Tree, Tree>;
  const config: unknown = configOf({ vocabulary: 7, width: 16, layers: 2, heads: 2 });
  const params = initialise(model, config, { on: f64, seed: 1, spread: 0.4 });
  const tokens = indexInput(f64, [1, 2, 3, 4], [2, 2]);
  const logits = (drop?: Drop): Float64Array =>
    read(model.forward(params, config, tokens, model.start(params, config, 2), { name: 'parallel' }, drop).logits);
  return { model, config, logits };
}

describe('a model', () => {
  const names = Object.keys(presets).filter((name) => !/\d[mb]$/.test(name)) as (keyof typeof presets)[];
  const networks = ['transformer', 'retnet', 'gla', 'dense-gla', 'gated-delta-net', 'dense-gated-delta-net'];

  it.each(names)('%s drops its embeddings and each branch', (name) => {
    const { model, config, logits } = small(name);
    const count = countDropped(model, config);
    expect(count).toBe(1 + 2 * (networks.includes(name) ? 2 : 1));
    const onlyAt = (place: number): Drop =>
      (
        (calls) => (x) =>
          calls++ === place ? scale(x, 0) : x
      )(0);
    const whole = logits();
    // each place is one, and a place after the last is none
    for (let place = 0; place <= count; place++)
      expect(logits(onlyAt(place)).some((x, i) => x !== whole[i])).toBe(place < count);
    // nothing else reaches the residual stream
    expect(logits((x) => scale(x, 0)).every((x) => x === 0)).toBe(true);
  });
});

/** A model with one branch and no norms: logits `H (e + W e)` of embeddings e. */
type Plain = { readonly embedding: Value; readonly branch: Value; readonly head: Value };
const [vocabulary, width] = [5, 3];
const plain: LanguageModel<object, Plain> = {
  name: 'plain',
  check: () => {},
  shapes: () => ({ embedding: [vocabulary, width], branch: [width, width], head: [vocabulary, width] }),
  start: () => ({ position: 0, layers: [] }),
  forward({ embedding, branch, head }, _config, tokens, state, _mode, drop = (x) => x) {
    const x = drop(gather(embedding, tokens));
    return { logits: linear(add(x, drop(linear(x, branch))), head), state };
  },
};

describe('languageTraining with dropout', () => {
  const dropout = { probability: 0.4, seed: 3 };
  const [batch, length] = [2, 4];
  const tokens = [0, 1, 2, 3, 4, 3, 2, 1];
  const targets = [1, 2, 3, 4, 3, 2, 1, 0];
  const { drops } = withDrops(randomWindows(Int32Array.of(1, 2), 1), { shape: [2, batch, length] }, 5)(0, 1, 1);
  const values = {
    tokens: indexInput(f64, tokens, [batch, length]),
    targets: indexInput(f64, targets, [batch, length]),
    drops: indexInput(f64, drops, [2, batch, length]),
  };

  it('computes what loops over numbers compute, with one mask for each branch and position', () => {
    const { shapes, batch: slots, loss } = languageTraining(plain, {}, { batch, length, dropout });
    expect(slots.drops).toEqual({ shape: [2, batch, length], kind: 'index' });
    const random: Rng = rng(1);
    const list = Float64Array.from({ length: 39 }, () => random.normal());
    const found = item(loss(unflatten<Plain>(input(f64, list, [39]), shapes), values));

    const table = maskTable(dropout, width);
    const mask = (branch: number, position: number, channel: number): number =>
      table[drops[branch * batch * length + position]! * width + channel]!;
    const channels = [0, 1, 2];
    const losses = tokens.map((token, position) => {
      const e = channels.map((i) => list[token * width + i]! * mask(0, position, i));
      const y = channels.map((i) => channels.reduce((sum, j) => sum + list[(vocabulary + i) * width + j]! * e[j]!, 0));
      const x = channels.map((i) => e[i]! + y[i]! * mask(1, position, i));
      const logits = Array.from({ length: vocabulary }, (_, row) =>
        channels.reduce((sum, i) => sum + list[(vocabulary + width + row) * width + i]! * x[i]!, 0),
      );
      return Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[targets[position]!]!;
    });
    const mean = losses.reduce((sum, x) => sum + x, 0) / losses.length;
    expect(found).toBeCloseTo(mean, 12);
    // the rows matter: those of other branches give another loss
    const swapped = indexInput(f64, [...drops.slice(8), ...drops.slice(0, 8)], [2, batch, length]);
    const params = unflatten<Plain>(input(f64, list, [39]), shapes);
    expect(Math.abs(item(loss(params, { ...values, drops: swapped })) - mean)).toBeGreaterThan(1e-3);
  });

  it.each<[string, RunsOn, (x: number) => number]>([
    ['f64', eager(f64), (x) => x],
    ['f32', eager(f32), Math.fround],
    ['wasm', (equation, inputs, options) => compile(equation, inputs, { ...options, backend: 'wasm' }), Math.fround],
  ])('has exactly the masks of the rows on %s', async (_, on, rounded) => {
    const shape = [batch, length, width];
    const equation = ({ x, drops: rows }: Readonly<Record<string, Value>>): Record<string, Value> => {
      const drop = dropper(dropout)(rows!);
      return { first: drop(x!), second: drop(x!) };
    };
    const inputs = { x: { shape }, drops: { shape: [2, batch, length], kind: 'index' } } as const;
    const program = await started(on, equation, inputs, {});
    const found = await program.call({ x: new Float64Array(batch * length * width).fill(1), drops });
    await program.dispose();
    const table = maskTable(dropout, width);
    const masks = Array.from(drops, (row) => [...table.slice(row * width, (row + 1) * width)]).flat();
    expect([...found.first!, ...found.second!]).toEqual(masks.map(rounded));
  });

  it('has the gradients that differences give, for masks that stay', () => {
    const { model, config } = small('dense-retnet');
    const count = countDropped(model, config);
    const { loss } = languageTraining(model, config, { batch, length, dropout });
    const rows = withDrops(randomWindows(Int32Array.of(1, 2), 1), { shape: [count, batch, length] }, 5)(0, 1, 1);
    const own = { ...values, drops: indexInput(f64, rows.drops, [count, batch, length]) };
    const params = initialise(model, config, { on: f64, seed: 1, spread: 0.4 });
    expect(checkGradient((x: Tree) => loss(x, own), params)).toMatchObject({ ok: true });
  });

  it('has no input for rows without dropout, and refuses what is no probability', () => {
    expect(Object.keys(languageTraining(plain, {}, { batch, length }).batch)).toEqual(['tokens', 'targets']);
    for (const probability of [1, -0.1, NaN])
      expect(() => languageTraining(plain, {}, { batch, length, dropout: { ...dropout, probability } })).toThrow(
        `languageTraining: dropout is ${probability}; it is at least 0, below 1`,
      );
  });
});
