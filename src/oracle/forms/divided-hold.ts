/** @file Zero-order hold by division: `B̄ = (exp(ΔA) − 1) / A · B`, with exp − 1 or expm1. */
import { type Complex, complexAdd, complexMul, complexReciprocal } from '../../nn/ssm/complex.ts';
import { type ContinuousModel, type DiscreteModel, discretise } from '../../nn/ssm/discretise.ts';
import type { StateValue } from '../../nn/ssm/form.ts';
import { formOf } from '../../nn/ssm/inputs.ts';
import { identityLike, matrixInverse } from '../../nn/ssm/matrix-exponential.ts';
import { filledLike, zerosLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { div } from '../../tensor/primitives/div.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { expm1 } from '../../tensor/primitives/expm1.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import type { Value } from '../../tensor/value.ts';

type Model = ContinuousModel<StateValue>;

/** Computes B̄ from Ā, A and B, for each kind of A. */
const divided = {
  real: (decay: Value, a: Value, b: Value): Value => mul(div(sub(decay, 1), a), b),
  complex(decay: Complex, a: Complex, b: Complex): Complex {
    const minusOne = { re: filledLike(a.re, -1, a.re.shape), im: zerosLike(a.im) };
    return complexMul(complexMul(complexAdd(decay, minusOne), complexReciprocal(a)), b);
  },
  matrix: (decay: Value, a: Value, b: Value): Value =>
    einsum('eij,ejk,ek->ei', matrixInverse(a), sub(decay, identityLike(a)), b),
};

/** Computes Ā as the mode does, and B̄ from `Ā − 1`. It is 0/0 where A is 0, and needs the inverse of a matrix A. */
export function heldByDivision(model: Model): DiscreteModel<StateValue> {
  const { a: decay } = discretise('zeroOrderHold', model);
  const of = divided[formOf('heldByDivision', 'a', model.a).name] as (...operands: StateValue[]) => StateValue;
  return { a: decay, b: of(decay, model.a, model.b) };
}

/** As `heldByDivision`, with expm1, for real diagonal models. Other models are the mode's own. */
export function heldByExpm1(model: Model): DiscreteModel<StateValue> {
  const own = discretise('zeroOrderHold', model);
  if (formOf('heldByExpm1', 'a', model.a).name !== 'real') return own;
  const { a, b, delta } = model as ContinuousModel<Value>;
  const steps = mul(reshape(delta, [delta.shape[0]!, 1]), a);
  return { a: own.a, b: mul(div(expm1(steps), a), b) };
}
