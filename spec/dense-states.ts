/**
 * @file The recurrence of a layer with fused states: the states that it reads out, carries on and passes to deeper layers.
 * A diagonal state space model, token by token: Eqs. 5, 10 and 11 [N, F, R].
 */
import { sourceCount } from './10-dense-hidden.ts';
import { add, hadamard, type Matrix, matrix, type Vector, vector } from './notation.ts';
import { fuseStates, type StateConnection, type StateSize, selectedStates } from './state-fusion.ts';

/** One token's step of a diagonal model: h ↦ decay ⊙ h + drive, both [w]. */
export interface DiagonalStep {
  readonly decay: Vector;
  readonly drive: Vector;
}

/** The states of a layer at one token: read out, carried to t + 1, passed to deeper layers; [w] each. */
export interface DenseState {
  readonly read: Vector;
  readonly carried: Vector;
  readonly passed: Vector;
}

/**
 * One token of one layer: h = decay ⊙ κ + drive (Eq. 5) from the carried state κ, h' = Fuse(h, H) (Eq. 11). The output is
 * read from h'. The carried state is h (`carry` raw) or h' (fused); the passed state is h (`pass` raw) or h' (fused). A layer without
 * sources neither fuses nor norms: all three are h, so m = 0 is the model without dense connections under every reading.
 * Shapes: carried [w], shallow [l][w] (layer 0 first), x [i].
 */
export function denseState(
  carried: Vector,
  { decay, drive }: DiagonalStep,
  shallow: Matrix,
  x: Vector,
  connection: StateConnection,
): DenseState {
  const { denseLayers, readings } = connection.rule;
  const h = add(hadamard(decay, carried), drive);
  if (sourceCount(shallow.length, denseLayers) === 0) return { read: h, carried: h, passed: h };
  const fused = fuseStates(h, selectedStates(shallow, x, connection), connection);
  return { read: fused, carried: readings.carry === 'raw' ? h : fused, passed: readings.pass === 'raw' ? h : fused };
}

/** The states of a layer over a sequence: read out and passed, [t][w] each, and the last carried state. */
export interface DenseStates {
  readonly read: Matrix;
  readonly passed: Matrix;
  readonly carried: Vector;
}

/** A layer's sequence: each token's step, [t]; states passed by shallower layers, [l][t][w] (layer 0 first); the gates' input, [t][i]. */
export interface DenseSequence {
  readonly steps: readonly DiagonalStep[];
  readonly shallow: readonly Matrix[];
  readonly x: Matrix;
}

/** {@link denseState} token by token; sources are read at the same token. Shapes: h0 [w]. */
export function denseStates(
  h0: Vector,
  { steps, shallow, x }: DenseSequence,
  connection: StateConnection,
): DenseStates {
  const below = (t: number) => shallow.map((states) => states[t]!);
  let carried = h0;
  const tokens = steps.map((step, t) => {
    const result = denseState(carried, step, below(t), x[t]!, connection);
    carried = result.carried;
    return result;
  });
  return { read: tokens.map(({ read }) => read), passed: tokens.map(({ passed }) => passed), carried };
}

/** A state stored as one row, as [e][n]. */
export function asRows(h: Vector, { channels, states }: StateSize): Matrix {
  return matrix(channels, states, (e, n) => h[e * states + n]!);
}

/** The state before the first token: zeros [w]. */
export function emptyState({ channels, states }: StateSize): Vector {
  return vector(channels * states, () => 0);
}
