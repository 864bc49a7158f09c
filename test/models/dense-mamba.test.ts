/** @file DenseMamba: the effects of its readings, states passed between modes, gradients, and its use as a language model. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../src/autograd/check-gradient.ts';
import { checkpoint } from '../../src/autograd/checkpoint.ts';
import { grad, vjp } from '../../src/autograd/vjp.ts';
import { f64, indices } from '../../src/executors/f64/index.ts';
import { forwardBatch } from '../../src/models/batch.ts';
import { type DenseMambaParams, denseMamba, denseMambaAdmits } from '../../src/models/dense-mamba.ts';
import {
  type DenseMambaConfig,
  type DenseMambaReadings,
  denseMambaConfig,
  paperStates,
} from '../../src/models/dense-mamba-config.ts';
import { generate } from '../../src/models/generate.ts';
import { countParameters, initialise, type ModelResult, type ModelState } from '../../src/models/language-model.ts';
import { mamba } from '../../src/models/mamba.ts';
import type { MambaLayerState } from '../../src/models/mamba-block.ts';
import { packedBatch } from '../../src/nn/index.ts';
import type { Mode } from '../../src/nn/mode.ts';
import { stateReadings } from '../../src/oracle/operators/shared/dense-states.ts';
import { input, read } from '../../src/tensor/input.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { rng } from '../../src/tensor/random.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { leavesOf, treeOf } from '../../src/tensor/tree.ts';
import type { Value } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';
import { refuses, untyped } from '../support/refusals.ts';
import { drawnPrompt } from './small-models.ts';

type State = ModelState<MambaLayerState>;
interface Model {
  readonly config: DenseMambaConfig;
  readonly params: DenseMambaParams;
}

const recurrent: Mode = { name: 'recurrent' };
const modes: readonly Mode[] = [{ name: 'parallel' }, recurrent, { name: 'chunkwise', chunkSize: 3 }];
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const readings: fc.Arbitrary<DenseMambaReadings> = fc
  .record({ states: stateReadings, gateInput: fc.constantFrom('normed', 'u') })
  .map(({ states, gateInput }) => ({ ...states, gateInput }));

/** Draws a model by `seed`, with weights of order 1 so that gates are open and states differ. */
function drawn(seed: number, of: Partial<DenseMambaConfig>): Model {
  const random = rng(seed);
  const config = denseMambaConfig({
    vocabulary: 5 + random.integer(5),
    vocabularyMultiple: 1,
    width: 3 + random.integer(4),
    innerWidth: 2 + random.integer(4),
    stateSize: 1 + random.integer(3),
    deltaRank: 1 + random.integer(2),
    convolutionWidth: 1 + random.integer(4),
    gateRank: 1 + random.integer(3),
    layers: 4,
    denseLayers: 2,
    ...of,
  });
  const weights = Object.entries(denseMamba.shapes(config)).map(([path, shape]) => {
    const isNorm = path.toLowerCase().endsWith('norm');
    const numbers = Float64Array.from(
      { length: sizeOf(shape) },
      () => +isNorm + (isNorm ? 0.2 : 0.5) * random.normal(),
    );
    return [path, input(f64, numbers, shape)] as const;
  });
  return { config, params: treeOf(Object.fromEntries(weights)) as DenseMambaParams };
}

const start = ({ config, params }: Model, batch = 1): State => denseMamba.start(params, config, batch);
const forward = ({ config, params }: Model, tokens: Value, state: State, mode: Mode): ModelResult<MambaLayerState> =>
  denseMamba.forward(params, config, tokens, state, mode);
const tokensOf = ({ config }: Model, b: number, t: number, seed: number): Value =>
  indices(drawnPrompt(b, t, config.vocabulary, seed));
const whole = (model: Model, tokens: Value, mode: Mode = recurrent): ModelResult<MambaLayerState> =>
  forward(model, tokens, start(model, tokens.shape[0]!), mode);

/** The largest difference between two trees, divided by max(1, the largest |x| of the first). */
function apart(x: Parameters<typeof leavesOf>[0], y: Parameters<typeof leavesOf>[0]): number {
  const [xs, ys] = [x, y].map((tree) => leavesOf(tree).flatMap((leaf) => [...read(leaf)]));
  const size = xs!.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return xs!.reduce((most, value, i) => Math.max(most, Math.abs(value - ys![i]!)), 0) / size;
}

/** The same model with another carry. */
const withCarry = (model: Model, carry: 'raw' | 'fused'): Model => ({
  ...model,
  config: { ...model.config, readings: { ...model.config.readings, carry } },
});

describe('carry', () => {
  it('raw and fused give equal logits but different states after one token, and different logits after two', () => {
    fc.assert(
      fc.property(seeds, readings, (seed, of) => {
        const model = drawn(seed, { readings: of });
        const [raw, fused] = [withCarry(model, 'raw'), withCarry(model, 'fused')];
        const [one, two] = [1, 2].map((t) => tokensOf(model, 2, t, seed)) as [Value, Value];
        const [rawOne, fusedOne] = [whole(raw, one), whole(fused, one)];
        expect([...read(rawOne.logits)]).toEqual([...read(fusedOne.logits)]);
        expect(apart(rawOne.state.layers, fusedOne.state.layers)).toBeGreaterThan(1e-9);
        expect(apart(whole(raw, two).logits, whole(fused, two).logits)).toBeGreaterThan(1e-12);
      }),
      cases(100),
    );
  });
});

describe('a state passed from mode to mode', () => {
  it('continues four layers with m = 2 to 1e-12: parts in drawn modes, then single tokens', () => {
    fc.assert(
      fc.property(seeds, readings, fc.array(fc.nat({ max: 1023 }), { maxLength: 4 }), (seed, of, parts) => {
        const model = drawn(seed, { readings: of });
        const t = 12;
        const tokens = tokensOf(model, 2, t, seed);
        const admitted = modes.filter(({ name }) => denseMambaAdmits(model.config, name));
        let [state, at] = [start(model, 2), 0];
        const logits: Value[] = [];
        const run = (length: number, mode: Mode): void => {
          const result = forward(model, slice(tokens, 1, at, at + length), state, mode);
          logits.push(result.logits);
          [state, at] = [result.state, at + length];
        };
        for (const part of parts) run(part % (t - at + 1), admitted[part % admitted.length]!);
        while (at < t) run(1, recurrent);
        const expected = whole(model, tokens);
        expect(state.position).toBe(t);
        expect(apart(concat(logits, 1), expected.logits)).toBeLessThan(1e-12);
        expect(apart(state.layers, expected.state.layers)).toBeLessThan(1e-12);
      }),
      cases(200),
    );
  });

  it('changes the logits if it is dropped', () => {
    const model = drawn(5, {});
    const tokens = tokensOf(model, 1, 12, 5);
    const { logits } = forward(model, slice(tokens, 1, 7, 12), start(model), recurrent);
    expect(apart(logits, slice(whole(model, tokens).logits, 1, 7, 12))).toBeGreaterThan(1e-6);
  });
});

describe('layers', () => {
  it('near the input use the min(l, m) layers before them', () => {
    const [three, nine] = [drawn(2, { denseLayers: 3 }), drawn(2, { denseLayers: 9 })];
    expect(denseMamba.shapes(nine.config)).toEqual(denseMamba.shapes(three.config));
    const tokens = tokensOf(three, 1, 6, 2);
    expect([...read(whole(nine, tokens).logits)]).toEqual([...read(whole(three, tokens).logits)]);
    const fusions = three.params.layers.map(({ fusion }) => fusion?.gates.length ?? 0);
    expect(fusions).toEqual([0, 1, 1, 1]);
    const each = drawn(2, { denseLayers: 2, readings: { ...paperStates, gate: 'perLayer' } });
    expect(each.params.layers.map(({ fusion }) => fusion?.gates.length ?? 0)).toEqual([0, 1, 2, 2]);
  });

  it('with m = 0 equal Mamba’s, in parameters and bit for bit in logits', () => {
    const model = drawn(3, { denseLayers: 0 });
    expect(denseMamba.shapes(model.config)).toEqual(mamba.shapes(model.config));
    const tokens = tokensOf(model, 2, 7, 3);
    for (const mode of modes) {
      const plain = mamba.forward(model.params, model.config, tokens, start(model, 2), mode);
      expect([...read(whole(model, tokens, mode).logits)]).toEqual([...read(plain.logits)]);
    }
  });
});

describe('gradients', () => {
  const scalarOf = (model: Model, tokens: Value, mode: Mode) => (params: DenseMambaParams) => {
    const { logits, state } = forward({ ...model, params }, tokens, start(model, tokens.shape[0]), mode);
    return [logits, ...leavesOf(state.layers)];
  };

  it.each(modes.map((mode) => [mode.name, mode] as const))(
    'of four layers with m = 2 match finite differences along random directions: %s',
    (_name, mode) => {
      for (const [seed, carry] of [
        [1, 'raw'],
        [2, 'fused'],
      ] as const) {
        const model = withCarry(drawn(seed, {}), carry);
        const run = scalarOf(model, tokensOf(model, 1, 5, seed), mode);
        expect(checkGradient(run, model.params, { seed })).toMatchObject({ ok: true });
      }
    },
  );

  it.each(['raw', 'fused'] as const)('of gradients, through the scan, match finite differences: %s', (carry) => {
    const model = withCarry(drawn(4, { layers: 2, denseLayers: 1 }), carry);
    const tokens = tokensOf(model, 1, 4, 4);
    const first = (params: DenseMambaParams): DenseMambaParams =>
      grad((at) => {
        const { logits } = forward({ ...model, params: at }, tokens, start(model), { name: 'parallel' });
        return sum(logits, [0, 1, 2]);
      }, params);
    expect(checkGradient(first, model.params, { seed: 4 })).toMatchObject({ ok: true });
  });

  it('are equal bit for bit when checkpointing recomputes the layers', () => {
    const model = drawn(6, {});
    const run = scalarOf(model, tokensOf(model, 1, 5, 6), { name: 'parallel' });
    const gradients = [run, (params: DenseMambaParams) => checkpoint(run, params)].map((f) => {
      const { value, pullback } = vjp(f, model.params);
      return leavesOf(pullback(value)).flatMap((leaf) => [...read(leaf)]);
    });
    expect(gradients[1]).toEqual(gradients[0]);
  });
});

describe('a DenseMamba used as a language model', () => {
  const config = denseMambaConfig({ vocabulary: 9, width: 8, layers: 3, denseLayers: 2, stateSize: 3 });
  const params = initialise(denseMamba, config, { on: f64, seed: 1 });

  it('has Mamba’s parameters, two gates of E + d numbers per rank, and an N × N map for each of three sources', () => {
    expect(countParameters(denseMamba, config) - countParameters(mamba, config)).toBe(2 * (16 + 8) + 3 * 3 ** 2);
  });

  it('starts near the model without fusion when states are concatenated', () => {
    const concatenating = { ...config, readings: { ...config.readings, fusion: 'concat' as const } };
    const [merge] = initialise(denseMamba, concatenating, { on: f64, seed: 1 }).layers.flatMap(
      ({ fusion }) => fusion?.merge ?? [],
    );
    expect(merge!.shape).toEqual([3, 6]);
    expect([...read(slice(merge!, 1, 0, 3))]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it('starts gates and projections uniform within (inputs)^{−1/2}, as Mamba’s maps', () => {
    const wide = denseMambaConfig({ vocabulary: 9, width: 96, layers: 2, denseLayers: 1 });
    const { gates, projections } = initialise(denseMamba, wide, { on: f64, seed: 1 }).layers[1]!.fusion!;
    for (const map of [gates[0]!.down, gates[0]!.up, projections![0]!]) {
      const numbers = read(map);
      const bound = map.shape[1]! ** -0.5;
      expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(bound);
      const rms = Math.hypot(...numbers) / Math.sqrt(numbers.length);
      expect(rms / bound).toBeGreaterThan(0.5); // 3^{−1/2}; N(0, 0.02²) gives 0.03 to 0.2
      expect(rms / bound).toBeLessThan(0.65);
    }
  });

  it('generates the same tokens with every mode for the prompt', () => {
    const tokens = modes.map((mode) => generate(denseMamba, params, config, [[1, 2, 3, 4]], { steps: 5, mode }));
    expect(tokens[0]!.flat()).toHaveLength(5);
    for (const one of tokens) expect(one).toEqual(tokens[0]);
  });

  it('runs each sequence of a packed batch from its own state', () => {
    const empty = denseMamba.start(params, config, 1);
    const mode = { name: 'parallel' } as const;
    const run = (bounds: readonly number[], row: readonly number[], states: readonly State[]) =>
      forwardBatch(denseMamba, params, config, packedBatch([...bounds]), indices([[...row]]), states, mode);
    const first = run([0, 2, 5], [1, 2, 3, 4, 5], [empty, empty]);
    const rest = run([0, 1, 2], [6, 7], first.states);
    const alone = denseMamba.forward(params, config, indices([[3, 4, 5, 7]]), empty, mode).logits;
    expect(apart(slice(rest.logits, 1, 1, 2), slice(alone, 1, 3, 4))).toBeLessThan(1e-14);
  });
});

describe('a DenseMamba is refused with', () => {
  const config = denseMambaConfig({ vocabulary: 8, width: 4, layers: 3, denseLayers: 2, stateSize: 2 });
  const reading = (change: object) => () =>
    denseMamba.check({ ...config, readings: untyped({ ...config.readings, ...change }) });
  const parallelWith = (change: Partial<DenseMambaReadings>) => () => {
    const of = { ...config, readings: { ...config.readings, ...change } };
    const params = initialise(denseMamba, of, { on: f64, seed: 1 });
    denseMamba.forward(params, of, indices([[1, 2]]), denseMamba.start(params, of, 1), { name: 'parallel' });
  };
  refuses([
    [reading({ carry: 'Raw' }), "denseMamba: carry is 'Raw'; choose 'raw' or 'fused' (did you mean 'raw'?)"],
    [
      reading({ gateWidth: 'states' }),
      "denseMamba: gateWidth is 'states'; choose 'channel' or 'state' or 'full' (did you mean 'state'?)",
    ],
    [reading({ gateInput: 'x' }), "denseMamba: gateInput is 'x'; choose 'normed' or 'u'"],
    [
      () => denseMamba.check({ ...config, denseLayers: -1 }),
      'denseMamba: denseLayers is -1; it must be an integer of at least 0',
    ],
    [
      () => denseMamba.check({ ...config, stateSize: 0 }),
      'denseMamba: stateSize is 0; it must be an integer of at least 1',
    ],
    [
      parallelWith({ carry: 'fused', stateNorm: 'rms' }),
      "denseStates: with carry 'fused' and stateNorm 'rms' a state is no linear function of the one before it, so mode parallel can't compute it; use recurrent mode, or carry 'raw'",
    ],
    [
      parallelWith({ carry: 'fused', fusion: 'attention' }),
      "denseStates: with carry 'fused' and fusion 'attention' a state is no linear function of the one before it, so mode parallel can't compute it; use recurrent mode, or carry 'raw'",
    ],
  ]);
});
