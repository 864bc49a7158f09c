/** @file Family retnet, kind jamie_retnet: an un-normalised RetNet without embedding. */
import { valueAndGrad, vjp } from '../autograd/vjp.ts';
import {
  type AffineParams,
  type XposRetNetConfig,
  type XposRetNetLayer,
  xposRetNet,
  xposRetNetStart,
} from '../models/xpos-retnet.ts';
import type { Mode } from '../nn/mode.ts';
import { fail } from '../tensor/errors.ts';
import { once } from '../tensor/once.ts';
import { at } from '../tensor/ops.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, type Answers, answer, realIn } from './case.ts';
import { booleanIn, integerIn, numbersIn } from './config.ts';
import { channelsPerHead } from './honoured.ts';
import { numbersWanted, withPrecisions } from './names.ts';
import { probed } from './objective.ts';
import { gradientAnswers, type Weights, weightOf, weightsIn } from './weights.ts';

interface Sizes {
  readonly width: number;
  readonly heads: number;
  /** Channels of a head's queries and of its values. */
  readonly d: number;
  readonly e: number;
  readonly ffnWidth: number;
}

/**
 * The stack in each mode; gradients are of `Σ out/parallel ∘ in/probe`. Its recurrent mode counts positions from 1.
 * Throws on invalid sizes, and on missing or misshaped tensors.
 */
export const xposRetNetCase: Adapter = (testCase) => {
  const { config } = testCase;
  const [b, t] = [integerIn(config, 'batch'), integerIn(config, 'seq_len')];
  const count = integerIn(config, 'layers');
  const sizes = sizesIn(config);
  const { width, heads, d } = sizes;
  const shared: XposRetNetConfig = { decay: gammasIn(config, heads), epsilon: 1e-5, recurrentShift: 1 };
  const run = ({ x, weights }: { x: Value; weights: Weights }, mode: Mode) => {
    const layers = Array.from({ length: count }, (_, l) => layerOf(weights, l, sizes));
    return xposRetNet(layers, shared, x, xposRetNetStart(layers, shared, b), mode);
  };

  const given = once(() => ({ x: realIn(testCase, 'in/x', [b, t, width]), weights: weightsIn(testCase) }));
  const inMode = (mode: Mode) => once(() => run(given(), mode));
  const parallel = once(() => vjp((inputs) => run(inputs, { name: 'parallel' }).output, given()));
  const gradient = once(() => parallel().pullback(valueAndGrad(probed(testCase), parallel().value).gradient));
  const recurrent = inMode({ name: 'recurrent' });
  const chunkwise = numbersWanted(testCase, /^out\/chunkwise\.(\d+)$/).map((chunkSize) => {
    const result = inMode({ name: 'chunkwise', chunkSize });
    return [`out/chunkwise.${chunkSize}`, () => answer(result().output)] as const;
  });
  const perHead: Record<string, Answers['tensors'][string]> = {};
  for (let l = 0; l < count; l++) {
    for (let h = 0; h < heads; h++) {
      perHead[`out/state.${l}.${h}`] = () => answer(at(recurrent().state.layers[l]!, 1, h));
      perHead[`buffer/retentions.${l}.retentions.${h}.xpos.scale`] = () => ({ shape: [d / 2], data: amplitudes(d) });
    }
  }
  return {
    tensors: withPrecisions(testCase, {
      'out/parallel': () => answer(parallel().value),
      'out/recurrent': () => answer(recurrent().output),
      ...Object.fromEntries(chunkwise),
      ...perHead,
      'grad/in/x': () => answer(gradient().x),
      ...gradientAnswers(testCase, () => gradient().weights),
    }),
  };
};

function sizesIn(config: Readonly<Record<string, unknown>>): Sizes {
  const width = integerIn(config, 'hidden_dim');
  const heads = integerIn(config, 'heads');
  const d = channelsPerHead(config, 'hidden_dim', heads, 2);
  return { width, heads, d, e: booleanIn(config, 'double_v_dim') ? 2 * d : d, ffnWidth: integerIn(config, 'ffn_size') };
}

function gammasIn(config: Readonly<Record<string, unknown>>, heads: number): readonly number[] {
  const gammas = numbersIn(config, 'gammas');
  return gammas.length === heads
    ? gammas
    : fail(`config.gammas has ${gammas.length} numbers for ${heads} heads; give one each`);
}

/** The base of xPos for each channel pair, raised to the power p/512 at position p. */
const amplitudes = (d: number): number[] => Array.from({ length: d / 2 }, (_, j) => (2 * j + 0.4 * d) / (1.4 * d));

/** A layer's parameters: retention weights are stored [in, out], those of queries, keys and values per head. */
function layerOf(weights: Weights, l: number, { width, heads, d, e, ffnWidth }: Sizes): XposRetNetLayer {
  const path = `retentions.${l}`;
  const turned = (name: string, shape: readonly number[]): Value =>
    transpose(weightOf(weights, `${path}.${name}`, shape), [1, 0]);
  const perHead = (name: string, channels: number): Value =>
    concat(
      Array.from({ length: heads }, (_, h) => turned(`retentions.${h}.${name}`, [width, channels])),
      0,
    );
  const affine = (name: string, shape: readonly number[]): AffineParams => ({
    weight: weightOf(weights, `${name}.weight`, shape),
    bias: weightOf(weights, `${name}.bias`, shape.slice(0, 1)),
  });
  return {
    inputNorm: affine(`layer_norms_1.${l}`, [width]),
    query: perHead('W_Q', d),
    key: perHead('W_K', d),
    value: perHead('W_V', e),
    outputGate: turned('W_G', [width, heads * e]),
    output: turned('W_O', [heads * e, width]),
    groupNorm: affine(`${path}.group_norm`, [heads * e]),
    ffnNorm: affine(`layer_norms_2.${l}`, [width]),
    ffn: { up: affine(`ffns.${l}.0`, [ffnWidth, width]), down: affine(`ffns.${l}.2`, [width, ffnWidth]) },
  };
}
