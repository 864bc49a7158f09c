/** @file Retention as linear attention whose gates are log γ at every token. */
import type { LinearAttention } from '../../nn/linear-attention/inputs.ts';
import type { Retention } from '../../nn/retention/inputs.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { logDecays } from './exponential-powers.ts';

/** Runs a linear attention with constant gates. */
export const withConstantGates =
  (attention: LinearAttention): Retention =>
  ({ decay, ...inputs }, state) =>
    attention({ ...inputs, gate: broadcast(logDecays(inputs.q, decay, 1), inputs.q.shape.slice(0, 3)) }, state);
