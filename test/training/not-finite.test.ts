/** @file The first place where a training step is not finite. */
import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { exp } from '../../src/tensor/primitives/exp.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { reciprocal } from '../../src/tensor/primitives/reciprocal.ts';
import { rsqrt } from '../../src/tensor/primitives/rsqrt.ts';
import { select } from '../../src/tensor/primitives/select.ts';
import { site } from '../../src/tensor/primitives/site.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Value } from '../../src/tensor/value.ts';
import { describeNotFinite, firstNotFinite, paperOptimizer, type Training } from '../../src/training/index.ts';
import { smallTraining } from '../support/training/small.ts';

type Params = { readonly early: Value; readonly late: Value };
const training = (loss: Training<Params>['loss']): Training<Params> => ({
  shapes: { early: [2], late: [2] },
  batch: { x: { shape: [2] } },
  loss,
  optimizer: paperOptimizer,
});
const numbers = { params: [1, 2, 3, 4], x: [1, 1] };

describe('firstNotFinite', () => {
  const whole = training(({ early, late }, { x }) => {
    const hidden = site(mul(early, x!), 'hidden');
    return sum(site(mul(site(exp(hidden), 'grown'), late), 'scaled'));
  });

  it('finds nothing where all is finite', () => {
    expect(firstNotFinite(whole, numbers)).toBeNull();
  });

  it('names a parameter, whatever it reaches', () => {
    const place = firstNotFinite(whole, { ...numbers, params: [1, 2, 3, NaN] })!;
    expect(place).toMatchObject({ where: 'parameter', name: 'late', element: 1 });
    expect(describeNotFinite(place)).toBe('parameter late, element 1 of [2], is NaN');
  });

  it('names the first activation, and the operation', () => {
    const place = firstNotFinite(whole, { ...numbers, x: [1, 60] })!;
    expect(place).toMatchObject({ where: 'activation', name: 'grown', element: 1, value: Infinity, batch: 0 });
    expect(describeNotFinite(place)).toBe(
      'activation grown, element 1 of [2], is Infinity; the first operation with such a result is exp after hidden',
    );
    // 2 · 60 is no overflow in double precision
    expect(firstNotFinite(whole, { ...numbers, x: [1, 60] }, f64)).toBeNull();
  });

  it('names the loss where the activations are finite', () => {
    const late = training(({ early }, { x }) => sum(reciprocal(add(site(mul(early, x!), 'hidden'), -1))));
    const place = firstNotFinite(late, numbers)!;
    expect(place).toMatchObject({ where: 'loss', operation: { primitive: 'reciprocal', after: 'hidden' } });
    expect(describeNotFinite(place)).toMatch(/^loss is Infinity; the first operation .* is reciprocal after hidden$/);
  });

  it('names the gradient nearest to the loss where the loss is finite', () => {
    // the mask hides 1/√0, but not the 0 · ∞ of its gradient
    const masked = training(({ early, late }, { x }) => {
      const root = rsqrt(mul(mul(early, late), x!));
      return sum(select(x!, root, 0));
    });
    const place = firstNotFinite(masked, { ...numbers, x: [1, 0] })!;
    expect(place).toMatchObject({ where: 'gradient', name: 'late', element: 1, value: NaN });
  });

  it('names the norm where it overflows', () => {
    const large = training(({ early }, { x }) => sum(mul(early, x!)));
    expect(firstNotFinite(large, { ...numbers, params: [0, 0, 0, 0], x: [3e38, 3e38] })).toMatchObject({
      where: 'norm',
    });
  });

  it('names the batch, and sites of a model', () => {
    const { training: small, init, batches } = smallTraining(1, 2);
    const params = Float64Array.from(init);
    const { shapes } = small;
    expect(firstNotFinite(small, { params, ...batches(0) })).toBeNull();
    // the weights of the second layer's values come after those of the first
    let at = 0;
    for (const [path, shape] of Object.entries(shapes)) {
      if (path === 'layers.1.value') break;
      at += shape.reduce((a, b) => a * b, 1);
    }
    params[at] = 3e38;
    const place = firstNotFinite(small, { params, ...batches(0) })!;
    expect(place.where).toBe('activation');
    expect(place.name).toMatch(/^layers\.1\./);
    expect(denseRetNet.name).toBe('dense-retnet');
  });
});
