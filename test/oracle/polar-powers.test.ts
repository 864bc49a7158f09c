/** @file The form of polar powers bounds a kernel that computes them so in single precision. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { bounded, boundOf, float32 } from '../../src/executors/bounded/index.ts';
import { complexForm } from '../../src/nn/ssm/form.ts';
import { polarPowers } from '../../src/oracle/forms/polar-powers.ts';
import { input, read } from '../../src/tensor/input.ts';
import type { Executor } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';

const count = 97;
const part = fc.integer({ min: -4096, max: 4096 }).map((n) => n / 4096);
const f = Math.fround;

it('is within the bounds of the form, in r^τ (cos τθ + i sin τθ)', () => {
  const on = bounded(float32) as Executor;
  fc.assert(
    fc.property(
      part,
      part.filter((x) => x !== 0),
      (re, im) => {
        const a = { re: input(on, [re], [1, 1]), im: input(on, [im], [1, 1]) };
        const powers = polarPowers(complexForm, a, count, 'rising');
        const [logRadius, angle] = [f(Math.log(f(Math.hypot(re, im)))), f(Math.atan2(im, re))];
        for (let τ = 0; τ < count; τ++) {
          const [radius, turn] = [f(Math.exp(f(τ * logRadius))), f(τ * angle)];
          const kernel = { re: f(radius * f(Math.cos(turn))), im: f(radius * f(Math.sin(turn))) };
          for (const of of ['re', 'im'] as const) {
            expect(Math.abs(kernel[of] - read(powers[of])[τ]!)).toBeLessThanOrEqual(boundOf(powers[of])[τ]!);
          }
        }
      },
    ),
    cases(50),
  );
});
