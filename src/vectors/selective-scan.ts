/** @file Family mamba, kind selective_scan: the scan alone, with the options of its source. */
import { constantMap, emptyScanState, type SelectiveScanInputs, tokenMap } from '../nn/selective-scan/inputs.ts';
import { scanSelectiveScan } from '../nn/selective-scan/modes.ts';
import { add } from '../tensor/primitives/add.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import type { Adapter, VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';
import { softplusBelow20 } from './softplus.ts';

/** The layouts of B and C: constant, one row per token, one per token and group. */
const layouts = ['DN', 'BNL', 'BGNL'] as const;
type Layout = (typeof layouts)[number];

interface Sizes {
  readonly b: number;
  readonly t: number;
  readonly e: number;
  readonly n: number;
  readonly g: number;
}

/**
 * The scan by the primitive; gradients are of Σ out ∘ probe_out + Σ last_state ∘ probe_state. The source's arrays have time last.
 * Throws on a config without a formula, on missing and misshaped tensors.
 */
export const selectiveScanCase: Adapter = (testCase) => {
  const { config } = testCase;
  const sizes: Sizes = {
    b: integerIn(config, 'batch'),
    t: integerIn(config, 'seq_len'),
    e: integerIn(config, 'dim'),
    n: integerIn(config, 'dstate'),
    g: integerIn(config, 'groups'),
  };
  const { b, t, e, n } = sizes;
  const [ofB, ofC] = layoutsIn(config);
  const optional: Record<string, Shape> = {
    ...(booleanIn(config, 'has_D') && { D: [e] }),
    ...(booleanIn(config, 'has_z') && { z: [b, e, t] }),
    ...(booleanIn(config, 'has_delta_bias') && { delta_bias: [e] }),
  };
  const inputs = {
    ...{ u: [b, e, t], delta: [b, e, t], A: [e, n], B: shapeOf(ofB, sizes), C: shapeOf(ofC, sizes) },
    ...optional,
  };
  const isSoftplus = booleanIn(config, 'delta_softplus');
  const run = (given: NamedValues): NamedValues => {
    const { delta, deltaBias, ...rest } = inputsOf(given, ofB, ofC);
    const biased = deltaBias === undefined ? delta : add(delta, deltaBias);
    const scanInputs = { ...rest, delta: isSoftplus ? softplusBelow20(biased) : biased, deltaSoftplus: false };
    const { output, state } = scanSelectiveScan(scanInputs, emptyScanState(scanInputs));
    return { out: timeLast(output), last_state: state };
  };
  return { tensors: probedOutputs(testCase, { inputs, probes: { out: 'probe_out', last_state: 'probe_state' }, run }) };
};

/** One layout for both, or a pair. */
function layoutsIn(config: VectorCase['config']): readonly [Layout, Layout] {
  const { bc_layout: given } = config;
  if (!Array.isArray(given)) return [choiceIn(config, 'bc_layout', layouts), choiceIn(config, 'bc_layout', layouts)];
  const at = (i: number): Layout => choiceIn({ [`bc_layout[${i}]`]: given[i] as unknown }, `bc_layout[${i}]`, layouts);
  return [at(0), at(1)];
}

function shapeOf(layout: Layout, { b, t, e, n, g }: Sizes): Shape {
  return { DN: [e, n], BNL: [b, n, t], BGNL: [b, g, n, t] }[layout];
}

function inputsOf(given: NamedValues, ofB: Layout, ofC: Layout): Omit<SelectiveScanInputs, 'deltaSoftplus'> {
  const u = timeSecond(given.u!);
  const map = (x: Value, layout: Layout): Value => {
    if (layout === 'DN') return constantMap(x, u);
    return layout === 'BNL' ? tokenMap(timeSecond(x)) : transpose(x, [0, 3, 1, 2]);
  };
  return {
    u,
    delta: timeSecond(given.delta!),
    a: given.A!,
    b: map(given.B!, ofB),
    c: map(given.C!, ofC),
    skip: given.D,
    z: given.z && timeSecond(given.z),
    deltaBias: given.delta_bias,
  };
}

/** [b, ·, t] as [b, t, ·], and back. */
const timeSecond = (x: Value): Value => transpose(x, [0, 2, 1]);
const timeLast = timeSecond;
