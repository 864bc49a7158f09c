/** @file Mamba-2, GLA and Gated DeltaNet, plain and dense: their definitions, states between modes, training, refused configurations. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gatedDeltaNet as gatedDeltaNetDefinition } from '../../spec/gated-delta-net.ts';
import { gla as glaDefinition } from '../../spec/gla.ts';
import { mamba2 as mamba2Definition } from '../../spec/mamba2.ts';
import { grad } from '../../src/autograd/vjp.ts';
import { f64, indices } from '../../src/executors/f64/index.ts';
import {
  countParameters,
  denseGatedDeltaNet,
  denseGla,
  denseMamba2,
  denseStackConfig,
  gatedDeltaNet,
  gatedDeltaNetConfig,
  generate,
  gla,
  glaConfig,
  initialise,
  type LanguageModel,
  type ModelState,
  mamba2,
  mamba2Config,
  type StackConfig,
} from '../../src/models/index.ts';
import { crossEntropy, nextTokenTargets, predictingRows } from '../../src/nn/cross-entropy.ts';
import type { Mode } from '../../src/nn/mode.ts';
import { item, read } from '../../src/tensor/input.ts';
import { sub } from '../../src/tensor/ops.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { leavesOf, mapTree, namedLeavesOf, type Tree, withLeaves } from '../../src/tensor/tree.ts';
import type { Value } from '../../src/tensor/value.ts';
import { refuses, untyped } from '../support/refusals.ts';
import { root } from '../support/root.ts';

/** A model with the scalar definition of its plain version. */
interface Subject {
  readonly model: LanguageModel<StackConfig, Tree, Tree>;
  readonly config: StackConfig;
  definition(
    params: never,
    config: never,
    tokens: readonly number[],
  ): { readonly logits: readonly (readonly number[])[] };
}

const subject = <C extends StackConfig, P extends Tree, S extends Tree>(
  model: LanguageModel<C, P, S>,
  config: C,
  definition: Subject['definition'],
): Subject => ({ model: model as unknown as Subject['model'], config, definition });

const sizes = { vocabulary: 7, width: 6, layers: 3 };
const mamba2Sizes = mamba2Config({ ...sizes, heads: 4, groups: 2, stateSize: 3, projectionBias: true, ffnWidth: 5 });
const glaSizes = glaConfig({ ...sizes, heads: 2, keyWidth: 4, decayRank: 2, ffnWidth: 5 });
const deltaSizes = gatedDeltaNetConfig({ ...sizes, heads: 2, valueHeads: 4, keyWidth: 4, ffnWidth: 0, tiedHead: true });
const connection = { denseLayers: 2, gateRank: 2 };

const subjects: readonly Subject[] = [
  subject(mamba2, mamba2Sizes, mamba2Definition),
  subject(gla, glaSizes, glaDefinition),
  subject(gatedDeltaNet, deltaSizes, gatedDeltaNetDefinition),
  subject(denseMamba2, denseStackConfig(mamba2Sizes, connection), mamba2Definition),
  subject(denseGla, denseStackConfig(glaSizes, connection), glaDefinition),
  subject(denseGatedDeltaNet, denseStackConfig(deltaSizes, connection), gatedDeltaNetDefinition),
];

const modes: readonly Mode[] = [{ name: 'parallel' }, { name: 'chunkwise', chunkSize: 3 }, { name: 'recurrent' }];
const ids = [3, 1, 4, 1, 5, 2, 6];
const tokens = indices([ids]);

/** Nested lists of a tree of values. */
const lists = (tree: Tree): unknown => {
  const nested = ({ shape, ...x }: Value, data = read({ shape, ...x })): unknown => {
    let rows: unknown[] = [...data];
    for (const length of [...shape].reverse().slice(0, -1)) {
      rows = Array.from({ length: rows.length / length }, (_, i) => rows.slice(i * length, (i + 1) * length));
    }
    return rows;
  };
  return JSON.parse(JSON.stringify(mapTree(tree, (x) => ({ ...x, toJSON: () => nested(x) }) as Value)));
};

const apart = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
  Math.max(...Array.from(x, (number, i) => Math.abs(number - y[i]!)));

describe.each(subjects.map((one) => [one.model.name, one] as const))('%s', (_name, { model, config, definition }) => {
  const params = initialise(model, config, { on: f64, seed: 1, spread: 0.5 });
  const start = (): ModelState<Tree> => model.start(params, config, 1);

  it.each(modes.map((mode) => [mode.name, mode] as const))('equals its definition in %s mode', (_mode, mode) => {
    const expected = definition(lists(params) as never, config as never, ids).logits.flat();
    const { logits } = model.forward(params, config, tokens, start(), mode);
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(apart(read(logits), expected)).toBeLessThan(1e-13);
  });

  it('continues from the state of any mode, also after fewer tokens than the convolution has taps', () => {
    const whole = model.forward(params, config, tokens, start(), { name: 'recurrent' });
    for (const [i, mode] of modes.entries()) {
      const first = model.forward(params, config, slice(tokens, 1, 0, 2), start(), mode);
      const next = modes[(i + 1) % modes.length]!;
      const rest = model.forward(params, config, slice(tokens, 1, 2, ids.length), first.state, next);
      expect(apart(read(rest.logits), read(slice(whole.logits, 1, 2, ids.length)))).toBeLessThan(1e-13);
      expect(rest.state.position).toBe(ids.length);
      const [left, expected] = [rest, whole].map(({ state }) => leavesOf(state.layers).flatMap((x) => [...read(x)]));
      expect(apart(left!, expected!)).toBeLessThan(1e-13);
    }
  });

  it('generates the same tokens with every mode for the prompt', () => {
    const drawn = modes.map((mode) => generate(model, params, config, [[1, 2, 3]], { steps: 3, mode }));
    expect(drawn[1]).toEqual(drawn[0]);
    expect(drawn[2]).toEqual(drawn[0]);
  });
});

describe.each(subjects.slice(3).map((one) => [one.model.name, one] as const))('%s', (_name, { model, config }) => {
  it('learns: the loss of a sequence falls by half in 30 steps', () => {
    const labels = [[1, 5, 2, 4, 3]];
    const loss = (at: Tree): Value => {
      const { logits } = model.forward(at, config, indices(labels), model.start(at, config, 1), {
        name: 'chunkwise',
        chunkSize: 2,
      });
      return crossEntropy(predictingRows(logits), nextTokenTargets(f64, labels));
    };
    let at = initialise(model, config, { on: f64, seed: 2, spread: 0.3 });
    const before = item(loss(at));
    for (let step = 0; step < 30; step++) {
      const slopes = leavesOf(grad(loss, at));
      at = withLeaves(
        at,
        leavesOf(at).map((x, i) => sub(x, scale(slopes[i]!, 0.3))),
      );
    }
    expect(item(loss(at))).toBeLessThan(before / 2);
  });
});

/**
 * Logits [t][vocabulary] made in double precision by the unmodified layers of state-spaces/mamba at e9594ce (mamba_ssm/modules/mamba2.py) and
 * fla-org/flash-linear-attention at bc3b101 (fla/layers/gla.py, fla/layers/gated_deltanet.py), with their kernels replaced by the
 * recurrences of their reference functions, on the weights that `initialise` draws here.
 */
const sourceLogits: Readonly<Record<string, readonly (readonly number[])[]>> = JSON.parse(
  readFileSync(join(root, 'test/models/source-logits.json'), 'utf8'),
);

describe('the layers of the sources', () => {
  const of = { vocabulary: 7, width: 8, layers: 2 };
  const ofMamba2 = { ...of, heads: 4, groups: 2, stateSize: 3, projectionBias: true, vocabularyMultiple: 1 };
  const ofGla = { ...of, heads: 2, keyWidth: 4, valueWidth: 8, decayRank: 2, ffnWidth: 5 };
  const ofDeltaNet = { ...of, heads: 2, valueHeads: 4, keyWidth: 6, valueWidth: 12, ffnWidth: 5 };
  const nine = [3, 1, 4, 1, 5, 2, 6, 5, 3];
  const all = {
    mamba2: subject(mamba2, mamba2Config(ofMamba2), mamba2Definition),
    gla: subject(gla, glaConfig(ofGla), glaDefinition),
    gatedDeltaNet: subject(gatedDeltaNet, gatedDeltaNetConfig(ofDeltaNet), gatedDeltaNetDefinition),
  };

  it.each(Object.entries(all))('give the same logits: %s', (name, { model, config }) => {
    const params = initialise(model, config, { on: f64, seed: 5, spread: 0.6 });
    const start = model.start(params, config, 1);
    const { logits } = model.forward(params, config, indices([nine]), start, { name: 'chunkwise', chunkSize: 4 });
    const expected = sourceLogits[name]!.flat();
    expect(expected).toHaveLength(nine.length * of.vocabulary);
    expect(apart(read(logits), expected)).toBeLessThan(1e-12);
  });
});

describe('a dense model', () => {
  it.each([0, 1, 2])('with m = 0 has the parameters of the plain one, and equals it bit for bit: %i', (i) => {
    const [plain, dense] = [subjects[i]!, subjects[i + 3]!];
    const config = { ...dense.config, denseLayers: 0 };
    expect(dense.model.shapes(config)).toEqual(plain.model.shapes(plain.config));
    const params = initialise(dense.model, config, { on: f64, seed: 3 });
    expect(leavesOf(params).map((x) => [...read(x)])).toEqual(
      leavesOf(initialise(plain.model, plain.config, { on: f64, seed: 3 })).map((x) => [...read(x)]),
    );
    const run = ({ model }: Subject, of: StackConfig) =>
      model.forward(params, of, tokens, model.start(params, of, 1), { name: 'parallel' }).logits;
    expect([...read(run(dense, config))]).toEqual([...read(run(plain, plain.config))]);
  });

  it('has a gate and a map for each of three connections of keys and of values', () => {
    const more =
      countParameters(denseMamba2, denseStackConfig(mamba2Sizes, connection)) - countParameters(mamba2, mamba2Sizes);
    const [keys, values] = [2 * 3, 12];
    // a shared gate in each of two layers, and one map for layer 1 and two for layer 2
    expect(more).toBe(2 * (2 * 2 * 6 + 2 * (keys + values)) + 3 * (keys ** 2 + values ** 2));
  });
});

describe('initial weights', () => {
  it('give decay rates from 1 to 16 and step sizes from 10⁻³ to 10⁻¹ in Mamba-2', () => {
    const params = initialise(mamba2, mamba2Config({ ...sizes, width: 32, heads: 64, stateSize: 1 }), {
      on: f64,
      seed: 1,
    });
    const named = (end: string): number[] =>
      namedLeavesOf(params).flatMap(([path, x]) => (path.endsWith(end) ? [...read(x)] : []));
    const rates = named('.aLog').map(Math.exp);
    const steps = named('.deltaBias').map((x) => Math.log1p(Math.exp(x)));
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...rates)).toBeLessThanOrEqual(16);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(1e-3);
    expect(Math.max(...steps)).toBeLessThanOrEqual(0.1);
    expect(new Set(named('.skip'))).toEqual(new Set([1]));
  });

  it('start the connections of Mamba-2 uniform within (inputs)^{−1/2}, as its own maps', () => {
    const wide = denseStackConfig(mamba2Config({ ...sizes, width: 96, heads: 4 }), connection);
    const { keyFusion } = initialise(denseMamba2, wide, { on: f64, seed: 1 }).layers[1]!;
    for (const map of [keyFusion!.gates![0]!.down, keyFusion!.projections![0]!]) {
      const numbers = read(map);
      const bound = map.shape[1]! ** -0.5;
      expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(Math.hypot(...numbers) / Math.sqrt(numbers.length) / bound).toBeCloseTo(3 ** -0.5, 1); // N(0, 0.02²) gives 0.2
    }
  });
});

describe('a stack is refused with', () => {
  const dense = denseStackConfig(mamba2Sizes, connection);
  const readings = untyped({ ...dense.readings, pass: 'row' });
  refuses([
    [
      () => mamba2.check({ ...mamba2Sizes, heads: 5 }),
      'mamba2: innerWidth 12 is not a multiple of 5 heads; change one of them',
    ],
    [
      () => mamba2.check({ ...mamba2Sizes, groups: 3 }),
      'mamba2: 4 heads are not a multiple of 3 groups; change one of them',
    ],
    [() => gla.check({ ...glaSizes, keyWidth: 5 }), 'gla: keyWidth 5 is not a multiple of 2 heads; change one of them'],
    [
      () => gla.check({ ...glaSizes, decayDivisor: 0 }),
      'gla: decayDivisor is 0; it is a positive number, 16 in the source',
    ],
    [
      () => gatedDeltaNet.check({ ...deltaSizes, valueHeads: 3, valueWidth: 9 }),
      'gatedDeltaNet: 3 valueHeads are not a multiple of 2 heads; change one of them',
    ],
    [
      () => denseGla.check({ ...denseStackConfig(glaSizes, connection), denseLayers: -1 }),
      'denseGla: denseLayers is -1; it must be an integer of at least 0',
    ],
    [
      () => denseMamba2.check({ ...dense, readings }),
      "denseMamba2: pass is 'row'; choose 'raw' or 'fused' (did you mean 'raw'?)",
    ],
    [
      () => mamba2.check({ ...mamba2Sizes, tiedHead: untyped('yes') }),
      "mamba2: tiedHead is 'yes'; it is true or false",
    ],
  ]);
});
