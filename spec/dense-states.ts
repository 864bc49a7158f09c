/**
 * @file The recurrence of a layer with fused states: which states it reads out, carries to the next token, and passes to deeper layers.
 * The layer is a diagonal state space model, computed token by token: Eqs. 5, 10 and 11 [N, F, R].
 */
import { sourceCount } from './10-dense-hidden.ts';
import { add, hadamard, type Matrix, matrix, type Vector, vector } from './notation.ts';
import { fuseStates, type StateConnection, type StateSize, selectedStates } from './state-fusion.ts';

/** The step of a diagonal model at one token: h ↦ decay ⊙ h + drive, [w] each. */
export interface DiagonalStep {
  readonly decay: Vector;
  readonly drive: Vector;
}

/** The states of a layer at one token: the one read out, the one carried to t + 1, and the one passed to deeper layers, [w] each. */
export interface DenseState {
  readonly read: Vector;
  readonly carried: Vector;
  readonly passed: Vector;
}

/**
 * Computes one token of one layer: h = decay ⊙ κ + drive (Eq. 5) from the carried state κ, and h' = Fuse(h, H) (Eq. 11). The output is
 * read from h'. The carried state is h (`carry` raw) or h' (fused). The passed state is h (`pass` raw) or h' (fused). A layer without
 * sources has no fusion and no norm, so all three states are h. So m = 0 is the model without dense connections, under every reading.
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

/** The states of a layer over a sequence: the states read out and passed, [t][w] each, and the last carried state. */
export interface DenseStates {
  readonly read: Matrix;
  readonly passed: Matrix;
  readonly carried: Vector;
}

/** The inputs of a layer: steps [t], states of shallower layers [l][t][w] (layer 0 first), and the input of the gates [t][i]. */
export interface DenseSequence {
  readonly steps: readonly DiagonalStep[];
  readonly shallow: readonly Matrix[];
  readonly x: Matrix;
}

/** Applies {@link denseState} token by token, to shallow states of the same token. Shapes: h0 [w]. */
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

/** Reshapes a state from one row [w] to [e][n]. */
export function asRows(h: Vector, { channels, states }: StateSize): Matrix {
  return matrix(channels, states, (e, n) => h[e * states + n]!);
}

/** The state before the first token: zeros [w]. */
export function emptyState({ channels, states }: StateSize): Vector {
  return vector(channels * states, () => 0);
}
