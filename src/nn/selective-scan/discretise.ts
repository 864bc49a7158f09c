/** @file Discretises the inputs of a selective scan, and computes its outputs from its states. */
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { softplus } from '../../tensor/primitives/softplus.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { silu } from '../activations.ts';
import type { SelectiveScanInputs } from './inputs.ts';

/**
 * Step sizes Δ = softplus(δ + bias), [b, t, e]; softplus and bias are optional. Our softplus has no threshold. PyTorch's is the
 * identity above 20, which is 2·10⁻⁹ less.
 * @example
 * read(stepSizes({ delta: tensor([[[1]]]), deltaBias: tensor([2]), deltaSoftplus: false })) // [3]
 */
export function stepSizes({
  delta,
  deltaBias,
  deltaSoftplus,
}: Pick<SelectiveScanInputs, 'delta' | 'deltaBias' | 'deltaSoftplus'>): Value {
  const biased = deltaBias === undefined ? delta : add(delta, deltaBias);
  return deltaSoftplus ? softplus(biased) : biased;
}

/** A discretised recurrence, all [b, t, e, n]: the logarithm `Δ A` of each decay, the decay `exp(Δ A)`, and the drive `Δ B u`. */
export interface Discretised {
  readonly logDecay: Value;
  readonly decay: Value;
  readonly drive: Value;
}

/** Discretises A exactly, and B by Euler's rule. */
export function discretised(inputs: SelectiveScanInputs): Discretised {
  const { u, a, b } = inputs;
  const steps = tapped(stepSizes(inputs), 'steps');
  const logDecay = einsum('bte,en->bten', steps, a);
  const drive = einsum('btge,btgn->btgen', inGroups(mul(steps, u), b), b);
  return {
    logDecay,
    decay: tapped(stored(exp(logDecay), 'decay'), 'decay'),
    drive: tapped(reshape(drive, logDecay.shape), 'drive'),
  };
}

/** Computes the outputs `(Σ_n C h_t + D u_t) silu(z_t)`, [b, t, e], from states [b, t, e, n]. */
export function readStates(states: Value, { u, c, skip, z }: SelectiveScanInputs): Value {
  const [b, t, g] = c.shape as readonly [number, number, number];
  const [e, n] = states.shape.slice(2) as [number, number];
  const read = einsum('btgen,btgn->btge', reshape(states, [b, t, g, e / g, n]), c);
  const y = reshape(read, u.shape);
  const skipped = skip === undefined ? y : add(y, mul(skip, u));
  return z === undefined ? skipped : mul(skipped, silu(z));
}

/** Reshapes `x` [b, t, e] into the groups of a map [b, t, g, n]: [b, t, g, e / g]. */
function inGroups(x: Value, map: Value): Value {
  const [b, t, e] = x.shape as readonly [number, number, number];
  const g = map.shape[2]!;
  return reshape(x, [b, t, g, e / g]);
}
