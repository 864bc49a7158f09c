/** @file Discretises a continuous state space model A, B with a step Δ into Ā, B̄. */
import { checkValue, described } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { div } from '../../tensor/primitives/div.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { phi1 } from '../../tensor/primitives/phi.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import { leavesOf, mapTree } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { type Complex, complexExp, complexMul, complexPhi1, complexReciprocal } from './complex.ts';
import type { Form, StateValue } from './form.ts';
import { checkStates, formOf } from './inputs.ts';
import { identityLike, matrixExponential, matrixInverse } from './matrix-exponential.ts';

/** Discretisation rule. The paper names the zero-order hold. */
export type DiscretisationRule = 'zeroOrderHold' | 'bilinear' | 'euler';

/** A [e, n] or [e, n, n], B [e, n], and the step of each channel, [e]. */
export interface ContinuousModel<S extends StateValue> {
  readonly a: S;
  readonly b: S;
  readonly delta: Value;
}

/** Ā and B̄, shaped as A and B. */
export interface DiscreteModel<S extends StateValue> {
  readonly a: S;
  readonly b: S;
}

/** Operations that the rules need on one kind of decay; z = ΔA and u = ΔB. */
interface Operations<S extends StateValue> {
  /** Computes `e^z` and `φ₁(z) u`. */
  held(z: S, u: S): DiscreteModel<S>;
  /** Computes `1 + f z`. */
  onePlus(z: S, f: number): S;
  /** Returns the products with the inverse of z: `z⁻¹ x` of a decay and `z⁻¹ u` of an input. */
  dividing(z: S): { decay(x: S): S; input(u: S): S };
}

const real: Operations<Value> = {
  held: (z, u) => ({ a: exp(z), b: mul(phi1(z), u) }),
  onePlus: (z, f) => add(scale(z, f), 1),
  dividing(z) {
    const divide = (x: Value): Value => div(x, z);
    return { decay: divide, input: divide };
  },
};

const complex: Operations<Complex> = {
  held: (z, u) => ({ a: complexExp(z), b: complexMul(complexPhi1(z), u) }),
  onePlus: ({ re, im }, f) => ({ re: add(scale(re, f), 1), im: scale(im, f) }),
  dividing(z) {
    const inverse = complexReciprocal(z);
    const divide = (x: Complex): Complex => complexMul(inverse, x);
    return { decay: divide, input: divide };
  },
};

const matrix: Operations<Value> = {
  // exp [[z, u], [0, 0]] = [[e^z, φ₁(z) u], [0, 1]] needs no inverse of z
  held(z, u) {
    const [e, n] = u.shape as readonly [number, number];
    const flow = matrixExponential(pad(concat([z, reshape(u, [e, n, 1])], 2), 1, 0, 1));
    const top = slice(flow, 1, 0, n);
    return { a: slice(top, 2, 0, n), b: reshape(slice(top, 2, n, n + 1), [e, n]) };
  },
  onePlus: (z, f) => add(identityLike(z), scale(z, f)),
  dividing(z) {
    const inverse = matrixInverse(z);
    return {
      decay: (x) => einsum('eij,ejk->eik', inverse, x),
      input: (u) => einsum('eij,ej->ei', inverse, u),
    };
  },
};

const operations = { real, complex, matrix };

function operationsOf<S extends StateValue>({ name }: Form<S>): Operations<S> {
  // S determines the form
  return operations[name] as unknown as Operations<S>;
}

/**
 * Computes Ā and B̄ of Eq. 5. `zeroOrderHold`: `Ā = exp(ΔA)`, `B̄ = φ₁(ΔA) ΔB = (ΔA)⁻¹ (exp(ΔA) − I) ΔB`, also where ΔA is 0 or has
 * no inverse. `bilinear`: `Ā = (I − ΔA/2)⁻¹ (I + ΔA/2)`, `B̄ = (I − ΔA/2)⁻¹ ΔB`. `euler`: `Ā = I + ΔA`, `B̄ = ΔB`. A diagonal A is
 * discretised entry by entry. Throws on wrong shapes, where real and complex are mixed, and on an unknown rule.
 * @example
 * const model = { a: tensor([[0]]), b: tensor([[3]]), delta: tensor([2]) };
 * read(discretise('zeroOrderHold', model).b) // [6]
 */
export function discretise<S extends StateValue>(
  rule: DiscretisationRule,
  continuous: ContinuousModel<S>,
): DiscreteModel<S> {
  const model = discretised(rule, continuous);
  return { ...model, a: mapTree(model.a, (x) => stored(x, 'decay')) };
}

function discretised<S extends StateValue>(
  rule: DiscretisationRule,
  { a, b, delta }: ContinuousModel<S>,
): DiscreteModel<S> {
  const form = formOf('discretise', 'a', a);
  const [e, n] = leavesOf(a)[0]!.shape as readonly [number, number];
  checkValue('discretise', 'delta', delta);
  if (!sameShape(delta.shape, [e])) {
    fail(`discretise: delta has shape ${show(delta.shape)}; it is [e] = [${e}], a step for each channel`);
  }
  checkStates('discretise', 'b', b, form, '[e, n]', [e, n]);
  const step = (x: Value): Value => mul(reshape(delta, [e, ...x.shape.slice(1).map(() => 1)]), x);
  const [z, u] = [mapTree(a, step), mapTree(b, step)];
  const { held, onePlus, dividing } = operationsOf(form);
  switch (rule) {
    case 'zeroOrderHold':
      return held(z, u);
    case 'bilinear': {
      const backward = dividing(onePlus(z, -0.5));
      return { a: backward.decay(onePlus(z, 0.5)), b: backward.input(u) };
    }
    case 'euler':
      return { a: onePlus(z, 1), b: u };
    default:
      return fail(
        `discretise: unknown rule ${described(rule)}; use zeroOrderHold, bilinear or euler${didYouMean(rule, ['zeroOrderHold', 'bilinear', 'euler'])}`,
      );
  }
}
