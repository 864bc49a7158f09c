/** @file All states h_t = Ā h_{t−1} + u_t of a sequence, in several orders of computation. */
import { fail } from '../../tensor/errors.ts';
import { at, chunks, stack } from '../../tensor/ops.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { leavesOf, mapTree, withLeaves } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import type { Form, StateValue } from './form.ts';
import type { Ssm } from './inputs.ts';
import { ssmAxes } from './inputs.ts';

/**
 * `h_t = Ā h_{t−1} + u_t` for u [b, t, e, n] from h_0 [b, e, n]: all states [b, t, e, n]. There is at least one token.
 * (A method, so that those for one kind of decay fit where every kind may come: they refuse the others.)
 */
export type States = { <S extends StateValue>(form: Form<S>, a: S, u: S, h0: S): S };

/** The number of tokens of u. */
const tokens = (u: StateValue): number => leavesOf(u)[0]!.shape[1]!;

/** The tokens [start, stop) of u. */
const during = <S extends StateValue>(u: S, start: number, stop: number): S =>
  mapTree(u, (x) => slice(x, 1, start, stop));

/** Trees of one form, their values at the same place joined. */
const joinedBy = <S extends StateValue>(parts: readonly S[], join: (xs: readonly Value[]) => Value): S => {
  const leaves = parts.map(leavesOf);
  return withLeaves(
    parts[0]!,
    leaves[0]!.map((_, i) => join(leaves.map((xs) => xs[i]!))),
  );
};

/** One token after another (Eq. 5). */
export const recurrentStates: States = (form, a, u, h0) => {
  let h = h0;
  const all = Array.from({ length: tokens(u) }, (_, t) => {
    h = form.plus(
      form.act(a, h),
      mapTree(u, (x) => at(x, 1, t)),
    );
    return h;
  });
  return joinedBy(all, (xs) => stack(xs, 1));
};

/** By the primitive `linearScan`: real decays only. */
export const linearScanStates: States = (form, a, u, h0) => {
  const [decay, input, start] = [leavesOf(a)[0]!, leavesOf(u)[0]!, leavesOf(h0)[0]!];
  if (form.name !== 'real') {
    fail(`scanSsm: the decay is ${form.name}; linearScan has real ones: use associativeSsm`);
  }
  return withLeaves(u, [linearScan(broadcast(decay, input.shape), input, start, 1)]);
};

/** In logarithmic depth: an associative scan of affine steps. The first token takes in what the initial state gives. */
export const associativeStates: States = (form, a, u, h0) => {
  const carried = form.act(a, h0);
  const first = form.plus(
    during(u, 0, 1),
    mapTree(carried, (x) => reshapeToToken(x)),
  );
  const rest = during(u, 1, tokens(u));
  return form.scan(
    a,
    joinedBy([first, rest], (xs) => concat(xs, 1)),
  );
};
