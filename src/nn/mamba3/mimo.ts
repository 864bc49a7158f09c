/** @file Mamba-3 with several inputs and outputs (MIMO), by Mamba-3 with a single one. */
import { fail } from '../../tensor/errors.ts';
import { at } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import { silu } from '../activations.ts';
import { checkAxes, checkShape } from '../check.ts';
import { repeatGroups } from '../groups.ts';
import type { Mamba3, Mamba3Inputs, Mamba3State } from './inputs.ts';

const call = 'mamba3Mimo';

/**
 * The inputs of Mamba-3 with r inputs and outputs: queries and keys [b, g, t, r, n], their biases [h, r, n], and factors [h, r, e] of values, of
 * outputs, and of `z` where there is one. The others are those of a single input.
 */
export interface Mamba3MimoInputs extends Mamba3Inputs {
  readonly mimoV: Value;
  readonly mimoOut: Value;
  readonly mimoZ?: Value | undefined;
}

/** The state before and after: angles [b, h, p], the state [b, h, e, n], rotated keys [b, h, r, n] and values [b, h, r, e] of the last token. */
export type Mamba3MimoState = Mamba3State;

/**
 * Mamba-3 with r inputs and outputs, in the mode of a single one. Each query reads what each key wrote: all r² pairs run as heads. They share
 * the state, so the outputs of a query are added, and so are the states. Throws on wrong shapes.
 * @example
 * const [one, number] = [tensor([[[[1]]]]), tensor([[[1]]])];
 * const two = tensor([[[[[1], [1]]]]]);
 * const given = { q: two, k: two, v: one, gate: scale(number, 0), delta: number, trap: scale(number, 0), angles: tensor([[[[]]]]) };
 * const [bias, maps, last] = [tensor([[[0], [0]]]), tensor([[[1], [1]]]), tensor([[[[1], [1]]]])];
 * const start = { angleState: tensor([[[]]]), state: one, keyState: last, valueState: last };
 * read(mamba3Mimo(recurrentMamba3)({ ...given, qBias: bias, kBias: bias, mimoV: maps, mimoOut: maps }, start).output) // [6]
 */
export const mamba3Mimo =
  (run: Mamba3) =>
  (inputs: Mamba3MimoInputs, start: Mamba3MimoState): ReturnType<Mamba3> => {
    checkMaps(inputs, start);
    const { q, k, v, gate, delta, trap, angles, qBias, kBias, mimoV, mimoOut, mimoZ, skip, z } = inputs;
    const [b, h, t, e] = v.shape as readonly [number, number, number, number];
    const r = q.shape[3]!;
    /** [b, h, r or 1, r or 1, …] as heads of all pairs, query by key. */
    const pairs = (x: Value): Value => {
      const [first, , , , ...rest] = x.shape as readonly [number, number, number, number, ...number[]];
      return reshape(broadcast(x, [first, h, r, r, ...rest]), [first, h * r * r, ...rest]);
    };
    const ofAll = (x: Value): Value => pairs(reshape(x, [b, h, 1, 1, ...x.shape.slice(2)]));
    const ofQuery = (x: Value): Value => pairs(reshape(x, [x.shape[0]!, h, r, 1, ...x.shape.slice(3)]));
    const ofKey = (x: Value): Value => pairs(reshape(x, [x.shape[0]!, h, 1, r, ...x.shape.slice(3)]));
    const ranked = (what: string, x: Value): Value => transpose(repeatGroups(call, what, x, h), [0, 1, 3, 2, 4]);
    const bias = (of: (x: Value) => Value, x: Value): Value => at(of(reshape(x, [1, ...x.shape])), 0, 0);
    const map = (x: Value): Value => reshape(x, [h, r, 1, e]);
    const each = (x: Value): Value => reshape(x, [b, h, 1, t, e]);
    const values = mul(map(mimoV), each(v));
    const result = run(
      {
        ...{ q: ofQuery(ranked('q', q)), k: ofKey(ranked('k', k)), v: ofKey(values) },
        ...{ gate: ofAll(gate), delta: ofAll(delta), trap: ofAll(trap), angles: ofAll(angles) },
        ...{ qBias: bias(ofQuery, qBias), kBias: bias(ofKey, kBias) },
      },
      {
        angleState: ofAll(start.angleState),
        // what the first key reads, so that it is added once
        state: pairs(pad(reshape(start.state, [b, h, 1, 1, ...start.state.shape.slice(2)]), 3, 0, r - 1)),
        keyState: ofKey(start.keyState),
        valueState: ofKey(start.valueState),
      },
    );
    const apart = (x: Value): Value => reshape(x, [b, h, r, r, ...x.shape.slice(2)]);
    const keysOfFirst = (x: Value): Value => at(apart(x), 2, 0);
    const read = sum(apart(result.output), [3]);
    const skipped = skip === undefined ? read : add(read, mul(reshape(skip, [h, 1, 1, 1]), values));
    const gated = z === undefined || mimoZ === undefined ? skipped : mul(skipped, silu(mul(map(mimoZ), each(z))));
    return {
      output: sum(mul(map(mimoOut), gated), [2]),
      angleState: at(keysOfFirst(result.angleState), 2, 0),
      state: sum(keysOfFirst(result.state), [2]),
      keyState: keysOfFirst(result.keyState),
      valueState: keysOfFirst(result.valueState),
    };
  };

/** Checks the shapes that have an axis of inputs and outputs. */
function checkMaps({ q, k, v, qBias, kBias, ...maps }: Mamba3MimoInputs, start: Mamba3MimoState): void {
  checkAxes(call, 'q', q, ['b', 'g', 't', 'r', 'n']);
  checkAxes(call, 'v', v, ['b', 'h', 't', 'e']);
  const [b, g, t, r, n] = q.shape as readonly [number, number, number, number, number];
  const [, h, , e] = v.shape as readonly [number, number, number, number];
  checkShape(call, 'k', k, ['b', 'g', 't', 'r', 'n'], [b, g, t, r, n]);
  for (const [name, x] of Object.entries({ qBias, kBias })) checkShape(call, name, x, ['h', 'r', 'n'], [h, r, n]);
  const { mimoV, mimoOut, mimoZ, z } = maps;
  for (const [name, x] of Object.entries({ mimoV, mimoOut, ...(mimoZ && { mimoZ }) }))
    checkShape(call, name, x, ['h', 'r', 'e'], [h, r, e]);
  if ((z === undefined) !== (mimoZ === undefined)) fail(`${call}: give z and mimoZ, or neither`);
  checkShape(call, 'the key state', start.keyState, ['b', 'h', 'r', 'n'], [b, h, r, n]);
  checkShape(call, 'the value state', start.valueState, ['b', 'h', 'r', 'e'], [b, h, r, e]);
}
