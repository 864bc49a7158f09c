/**
 * @file The smallest network with dense states: a stack of time-invariant diagonal state space models.
 * It shows Eqs. 10 to 18 without norm and embedding. The equations are those of the paper [N, F, R]; the block is our choice.
 */
import { asRows, type DiagonalStep, denseStates, emptyState } from './dense-states.ts';
import { heldEigenvalue } from './discretisation.ts';
import { add, columns, dot, type Matrix, matVec, silu, type Vector } from './notation.ts';
import type { StateFusion, StateFusionRule } from './state-fusion.ts';

/** The matrices of a layer, with those of its fusion where it reads lower layers. */
export interface DenseSsmLayer {
  /** [e][n], used directly; negative for a decaying state */
  readonly a: Matrix;
  /** [e][n] */
  readonly b: Matrix;
  /** [e][n] */
  readonly c: Matrix;
  /** [e], used directly */
  readonly delta: Vector;
  /** [e, e] */
  readonly output: Matrix;
  /** Present in layers that have sources. */
  readonly fusion?: StateFusion;
}

/** x^L [t][e]. For each layer: y [t][e], the passed states [t][w], and the carried state [e][n]. */
export interface DenseSsmStackResult {
  readonly output: Matrix;
  readonly layers: readonly { readonly y: Matrix; readonly passed: Matrix; readonly state: Matrix }[];
}

/**
 * x^{l+1} = x^l + W_l silu(y^l), y_t[e] = Σ_n C[e, n] h'_t[e, n], where h' is the fused state of h_t = Ā h_{t-1} + B̄ x_t^l. The input of
 * the gates is x^l. Without `states`, these are the first tokens of the sequence.
 * Shapes: x [t][e], states [l][e][n].
 */
export function denseSsmStack(
  layers: readonly DenseSsmLayer[],
  rule: StateFusionRule,
  x: Matrix,
  states: readonly Matrix[] = [],
): DenseSsmStackResult {
  let stream = x;
  const done: ReturnType<typeof denseSsmLayer>[] = [];
  for (const [l, layer] of layers.entries()) {
    const passed = done.map((below) => below.passed);
    done.push(denseSsmLayer(layer, rule, stream, passed, states[l]));
    stream = stream.map((row, t) => add(row, matVec(layer.output, done[l]!.y[t]!.map(silu))));
  }
  return { output: stream, layers: done };
}

/** Computes y, passed and carried states of one layer. Shapes: x [t][e], shallow [l][t][w] (layer 0 first), y [t][e], passed [t][w]. */
export function denseSsmLayer(
  layer: DenseSsmLayer,
  rule: StateFusionRule,
  x: Matrix,
  shallow: readonly Matrix[],
  state?: Matrix,
) {
  const size = { channels: layer.a.length, states: columns(layer.a) };
  const sequence = { steps: x.map((row) => heldStep(layer, row)), shallow, x };
  const states = denseStates(state?.flat() ?? emptyState(size), sequence, { fusion: layer.fusion, rule, size });
  const y = states.read.map((h) => asRows(h, size).map((row, e) => dot(layer.c[e]!, row)));
  return { y, passed: states.passed, state: asRows(states.carried, size) };
}

/** Decay Ā and drive B̄ x of every channel and state, by zero-order hold (Eq. 5). Shapes: x [e], result [w] each. */
function heldStep({ a, b, delta }: DenseSsmLayer, x: Vector): DiagonalStep {
  const held = a.flatMap((row, e) =>
    row.map((rate, n) => {
      const { aBar, bBar } = heldEigenvalue({ re: rate, im: 0 }, { re: b[e]![n]!, im: 0 }, delta[e]!);
      return { decay: aBar.re, drive: bBar.re * x[e]! };
    }),
  );
  return { decay: held.map(({ decay }) => decay), drive: held.map(({ drive }) => drive) };
}
