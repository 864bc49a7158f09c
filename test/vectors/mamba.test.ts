/** @file Every mode of operators against the vectors of mamba, mamba2, fla, gla and rwkv7, and refused configs. */
import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import type { StoredTensor } from '../../src/io/safetensors.ts';
import { toValue } from '../../src/oracle/case.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { gla } from '../../src/oracle/operators/gla/operator.ts';
import { linearAttention } from '../../src/oracle/operators/linear-attention/operator.ts';
import { normalisedLinearAttention } from '../../src/oracle/operators/normalised-linear-attention/operator.ts';
import { rwkv7 } from '../../src/oracle/operators/rwkv7/operator.ts';
import { selectiveScan } from '../../src/oracle/operators/selective-scan/operator.ts';
import { simpleGla } from '../../src/oracle/operators/simple-gla/operator.ts';
import { stateSpaceDuality } from '../../src/oracle/operators/state-space-duality/operator.ts';
import type { Named } from '../../src/oracle/program.ts';
import { read } from '../../src/tensor/input.ts';
import { zerosLike } from '../../src/tensor/operand.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { Value } from '../../src/tensor/value.ts';
import { compareTensor } from '../../src/vectors/compare.ts';
import type { LoadedCase } from '../../src/vectors/load.ts';
import { casesOf, f64Tensor, failing, failingNames, outcome, withTensors } from './official.ts';

const storedValue = ({ tensors }: LoadedCase, name: string): Value | undefined =>
  tensors.has(name) ? toValue(f64, tensors.get(name)!) : undefined;

/** Converts a case's inputs to those of an operator, and the operator's outputs back to the names of the vectors. */
function asOperator(loaded: LoadedCase): {
  readonly operator: Operator;
  readonly inputs: Named;
  readonly settings: object;
  readonly asStored: (outputs: Named) => Named;
} {
  const given = (name: string): Value => storedValue(loaded, `in/${name}`)!;
  const { config } = loaded;
  const numbers = config as Readonly<Record<string, number>>;
  if (config.kind === 'selective_scan') {
    const layout = { DN: 'constant', BNL: 'token', BGNL: 'group' }[config.bc_layout as 'DN' | 'BNL' | 'BGNL'];
    const timeSecond = (x: Value | undefined): Value | undefined =>
      x && (x.shape.length === 4 ? transpose(x, [0, 3, 1, 2]) : x.shape.length === 3 ? transpose(x, [0, 2, 1]) : x);
    const map = (name: string): [string, Value] => [`${layout}${name}`, timeSecond(given(name))!];
    const u = timeSecond(given('u'))!;
    return {
      operator: selectiveScan as Operator,
      settings: { b: layout, c: layout, deltaSoftplus: config.delta_softplus, chunkSize: 3 },
      inputs: Object.fromEntries(
        [
          ['u', u],
          ['delta', timeSecond(given('delta'))],
          ['a', given('A')],
          map('B'),
          map('C'),
          ['skip', storedValue(loaded, 'in/D')],
          ['z', timeSecond(storedValue(loaded, 'in/z'))],
          ['deltaBias', storedValue(loaded, 'in/delta_bias')],
          ['state', zerosLike(u, [numbers.batch!, numbers.dim!, numbers.dstate!])],
        ].filter(([, x]) => x !== undefined),
      ),
      asStored: ({ output, state }) => ({ 'out/out': transpose(output!, [0, 2, 1]), 'out/last_state': state! }),
    };
  }
  const heads = (x: Value): Value => transpose(x, x.shape.length === 4 ? [0, 2, 1, 3] : [0, 2, 1]);
  if (config.kind === 'ssd_minimal') {
    const shape: Shape = [numbers.batch!, numbers.n_heads!, numbers.d_head!, numbers.d_state!];
    const initial = storedValue(loaded, 'in/initial_states');
    const x = heads(given('X'));
    return {
      operator: stateSpaceDuality as Operator,
      settings: { chunkSize: 3 },
      inputs: {
        x,
        gate: heads(given('A')),
        b: heads(given('B')),
        c: heads(given('C')),
        state: initial ? reshape(initial, shape) : zerosLike(x, shape),
      },
      asStored: ({ output, state }) => ({ 'out/Y': heads(output!), 'out/final_state': state! }),
    };
  }
  const [b, h, d, e] = [numbers.batch!, numbers.heads!, numbers.dk!, numbers.dv!];
  const raw = heads(given('q'));
  const q = scale(raw, numbers.scale!);
  const state = storedValue(loaded, 'in/initial_state') ?? zerosLike(q, [b, h, d, e]);
  const inputs = { q, k: heads(given('k')), v: heads(given('v')), state };
  const asStored = ({ output, state: left, keySum }: Named): Named => ({
    'out/o': heads(output!),
    'out/final_state': left!,
    ...(keySum && { 'out/final_k_sum': reshape(keySum, [b, 1, h, d]) }),
  });
  const settings = { chunkSize: 3 };
  if (config.kind === 'simple_gla') {
    return { operator: simpleGla as Operator, settings, inputs: { ...inputs, gate: heads(given('g')) }, asStored };
  }
  if (['gla', 'dplr', 'rwkv7'].includes(config.kind as string)) {
    const own = { ...inputs, q: raw, gate: heads(given('gk')) };
    const scaled = { settings: { ...settings, scale: numbers.scale }, asStored };
    return config.kind === 'gla'
      ? { ...scaled, operator: gla as Operator, inputs: own }
      : { ...scaled, operator: rwkv7 as Operator, inputs: { ...own, a: heads(given('a')), b: heads(given('b')) } };
  }
  return config.normalize === true
    ? {
        operator: normalisedLinearAttention as Operator,
        settings,
        inputs: { ...inputs, keySum: zerosLike(q, [b, h, d]) },
        asStored,
      }
    : { operator: linearAttention as Operator, settings, inputs, asStored };
}

const operatorCases = ['mamba', 'mamba2', 'fla', 'gla', 'rwkv7']
  .flatMap(casesOf)
  .filter(({ config }) => !['mamba_lm', 'naive_retention'].includes(config.kind as string));

describe('outputs and states of the vectors', () => {
  const modes = operatorCases.flatMap((loaded) =>
    Object.keys(asOperator(loaded).operator.modes).map(
      (mode) => [`${loaded.family}/${loaded.name}`, mode, loaded] as const,
    ),
  );

  it.each(modes)('%s: equal those of mode %s', (_name, mode, loaded) => {
    const { operator, inputs, settings, asStored } = asOperator(loaded);
    const outputs = asStored(operator.modes[mode]!(inputs, settings as never));
    const compared = Object.entries(outputs).filter(([name]) => loaded.tensors.has(name));
    expect(compared.length).toBeGreaterThan(0);
    for (const [name, x] of compared) {
      const found = compareTensor(name, loaded.tensors.get(name)!, { shape: x.shape, data: read(x) });
      expect(found.worst, `${name} at ${found.at}`).toBeLessThanOrEqual(1);
    }
  });
});

const named = (family: string, name: string): LoadedCase => casesOf(family).find((one) => one.name === name)!;

/** The reasons why the tensors of a case with a changed configuration fail. */
const reasons = (loaded: LoadedCase, change: Record<string, unknown>): Set<string | undefined> =>
  new Set(outcome({ ...loaded, config: { ...loaded.config, ...change } }).map(({ reason }) => reason));

describe('a selective scan of B and C in different layouts', () => {
  const loaded = named('mamba', 's06_const_BC');

  it('accepts a pair of layouts', () => {
    const pair = { ...loaded, config: { ...loaded.config, bc_layout: ['DN', 'DN'] } };
    expect(failing(outcome(pair))).toEqual([]);
    const { data } = loaded.tensors.get('in/C')!;
    // C is the same at every token and in both sequences; [b, n, l] has no channel axis, so every channel uses the C of channel 0
    const one = data.slice(0, 4);
    const repeat = (length: number): StoredTensor =>
      f64Tensor(
        [2, 4, length],
        Array.from({ length: 2 * 4 * length }, (_, i) => one[Math.floor(i / length) % 4]!),
      );
    const constant = f64Tensor(
      [6, 4],
      Array.from({ length: 24 }, (_, i) => one[i % 4]!),
    );
    const outputsOf = (layout: unknown, c: StoredTensor) =>
      outcome(withTensors({ ...loaded, config: { ...loaded.config, bc_layout: layout } }, { 'in/C': c })).find(
        ({ name }) => name === 'out/out',
      )!.actual;
    expect(outputsOf(['DN', 'BNL'], repeat(9))).toBeCloseTo(outputsOf('DN', constant)!, 12);
  });

  it('is refused with an unknown layout', () => {
    expect(reasons(loaded, { bc_layout: 'BLN' })).toEqual(
      new Set(['config.bc_layout is "BLN"; expected one of "DN", "BNL", "BGNL" (did you mean \'BNL\'?)']),
    );
    expect(reasons(loaded, { bc_layout: ['DN', 'x'] })).toEqual(
      new Set(['config.bc_layout[1] is "x"; expected one of "DN", "BNL", "BGNL"']),
    );
  });
});

describe('a Mamba is refused', () => {
  const loaded = named('mamba', 'm00_tiny');
  it.each([
    [{ tie_embeddings: false }, 'config.tie_embeddings is false; expected one of true'],
    [{ padded_vocab_size: 33 }, 'config.padded_vocab_size is 33; the vocabulary rounded up is 32: correct one of them'],
    [{ d_conv: 0 }, 'config.d_conv is 0; expected an integer ≥ 1'],
    [
      { d_conv: 3 },
      'param/layers.0.mixer.conv1d.weight has shape [32, 1, 4], by the config it is [32, 1, 3]; correct one of them',
    ],
  ])('with %o', (change, message) => {
    expect(reasons(loaded, change)).toEqual(new Set([message]));
  });

  it('without a weight', () => {
    const bare = withTensors(loaded, { 'param/layers.0.mixer.conv1d.bias': null });
    expect(failingNames(outcome(bare)).length).toBeGreaterThan(10);
  });
});
