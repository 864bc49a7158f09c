/**
 * @file The scan of Mamba-2 for one head, with everything that its kernel does: step sizes, skip connection, gate.
 * Not numbered in the paper. [T]: state-spaces/mamba, `ssd_selective_scan`, `chunk_scan_ref` and the functions around them of
 * mamba_ssm/ops/triton/ssd_combined.py at commit e9594ce.
 */
import { columns, type Matrix, type Vector, zeros } from './notation.ts';
import { selectiveStateUpdate, type TokenInputs } from './selective-state-update.ts';

/** The inputs of one head, those of the tokens in order. */
export interface Mamba2Inputs extends Pick<TokenInputs, 'skip' | 'deltaBias' | 'deltaSoftplus' | 'deltaLimit'> {
  /** [t][e] */
  readonly x: Matrix;
  /** δ [t], or [t][e] if each channel has its own */
  readonly delta: Vector | Matrix;
  /** A, negative for a decaying state */
  readonly a: number;
  /** [t][n] */
  readonly b: Matrix;
  /** [t][n] */
  readonly c: Matrix;
  /** [t][e] */
  readonly z?: Matrix;
}

/**
 * {@link selectiveStateUpdate} for one token after another, from the state h0 (zero if not given). A is one number for the head, so
 * that one decay serves the whole state where δ is one number too: {@link stateSpaceDuality}.
 * Evidence [T]. Shapes: h0 [e][n], output [t][e], state [e][n].
 */
export function mamba2Scan(inputs: Mamba2Inputs, h0?: Matrix): { readonly output: Matrix; readonly state: Matrix } {
  const { x, delta, b, c, z, ...shared } = inputs;
  const output: Vector[] = [];
  let h = h0 ?? zeros(columns(x), columns(b));
  x.forEach((row, t) => {
    const token = { ...shared, x: row, delta: delta[t]!, b: b[t]!, c: c[t]!, ...(z && { z: z[t]! }) };
    const updated = selectiveStateUpdate(token, h);
    output.push(updated.output);
    h = updated.state;
  });
  return { output, state: h };
}
