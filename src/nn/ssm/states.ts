/** @file Computes all states h_t = Ā h_{t−1} + u_t of a sequence: by recurrence, linear scan or parallel scan. */
import { fail } from '../../tensor/errors.ts';
import { at, stack } from '../../tensor/ops.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { joinTrees, leavesOf, mapTree } from '../../tensor/tree.ts';
import { isUnrolled, type Value } from '../../tensor/value.ts';
import type { Form, StateValue } from './form.ts';

/** Computes all states [b, t, e, n] of `h_t = Ā h_{t−1} + u_t` from h_0 [b, e, n], for u [b, t, e, n] of at least one token. */
export type States = <S extends StateValue>(form: Form<S>, a: S, u: S, h0: S) => S;

/** Slices tokens start … stop − 1 along axis 1. */
export const during = <S extends StateValue>(u: S, start: number, stop: number): S =>
  mapTree(u, (x) => slice(x, 1, start, stop));

/** Takes one token along axis 1 and drops that axis. */
export const atToken = <S extends StateValue>(u: S, t: number): S => mapTree(u, (x) => at(x, 1, t));

/** States as a kernel writes them to memory. */
export const storedState = <S extends StateValue>(h: S): S => mapTree(h, (x) => stored(x, 'state'));

/** Number of tokens along axis 1. */
export const tokensOf = (u: StateValue): number => leavesOf(u)[0]!.shape[1]!;

/** Computes Eq. 5 one token after another; in a compiled program by a scan, where the decays are real and diagonal. */
export const recurrentStates: States = (form, a, u, h0) => {
  if (form.name === 'real' && isUnrolled(leavesOf(u)[0]!)) return linearScanStates(form, a, u, h0);
  let h = h0;
  const all = Array.from({ length: tokensOf(u) }, (_, t) => {
    h = storedState(form.plus(form.act(a, h), atToken(u, t)));
    return h;
  });
  return joinTrees(all, (xs) => stack(xs, 1));
};

/** Computes the states by the primitive linearScan, for real diagonal decays. Throws on others. */
export const linearScanStates: States = (form, a, u, h0) => {
  if (form.name !== 'real')
    fail(`scanSsm: linearScan has real diagonal decays, and these are ${form.name}; use logStepSsm`);
  return joinTrees([u, a, h0], (xs) => {
    const [input, decay, start] = xs as [Value, Value, Value];
    return storedState(linearScan(broadcast(decay, input.shape), input, start, 1));
  });
};

/** Computes the states by a parallel scan of affine steps. The first step includes the initial state. */
export const logStepStates: States = (form, a, u, h0) => {
  const carried = mapTree(form.act(a, h0), (x) => reshape(x, [x.shape[0]!, 1, ...x.shape.slice(1)]));
  const first = form.plus(during(u, 0, 1), carried);
  const rest = during(u, 1, tokensOf(u));
  const steps = joinTrees([first, rest], (xs) => concat(xs, 1));
  return storedState(form.scan(a, steps));
};
