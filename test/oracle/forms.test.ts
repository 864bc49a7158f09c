/** @file Each form computes the function of its mode, and its bounds hold for it in rounded arithmetic. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32, float64 } from '../../src/executors/bounded/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import type { Case } from '../../src/oracle/case.ts';
import type { Form, Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { evaluate, type Program } from '../../src/oracle/program.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { casesOf, everything, largest, seeds } from '../support/bounded-trial.ts';
import { cases } from '../support/property.ts';

interface Row {
  readonly operator: Operator;
  readonly mode: string;
  readonly name: string;
  readonly form: Form;
}

const rows: readonly Row[] = operators.flatMap((operator) =>
  Object.entries(operator.forms ?? {}).flatMap(([mode, forms]) =>
    Object.entries(forms).map(([name, form]) => ({ operator, mode, name, form })),
  ),
);

/** The numbers of a program on an executor, outputs and gradients, with bounds where the executor computes them. */
function numbersOf(program: Program, c: Case, on: Executor): [name: string, x: Float64Array, value: Value][] {
  return everything(evaluate(program, c, on)).map(([name, x]) => [name, on.read(x.data as never), x]);
}

/** |error| / allowed for each number that has a finite bound. A form that `loses` digits may be NaN: it is not right there. */
function ratios({ form }: Row, have: Float64Array, want: Float64Array, allowed: Float64Array): number[] {
  return Array.from(want, (x, i) => {
    if (form.loses !== undefined && (Number.isNaN(allowed[i]) || allowed[i] === Number.POSITIVE_INFINITY)) return 0;
    if (Object.is(have[i]! + 0, x + 0) || allowed[i] === Number.POSITIVE_INFINITY) return 0;
    const ratio = Math.abs(have[i]! - x) / allowed[i]!;
    return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
  });
}

/** The bounds of a program; NaN where the number is. */
const boundsOf = (program: Program, c: Case, precision: typeof float64) =>
  numbersOf(program, c, bounded(precision) as Executor).map(([, x, value]) =>
    boundOf(value).map((bound, i) => (Number.isNaN(x[i]) ? Number.NaN : bound)),
  );

/** The largest share of the bounds of form and mode together by which a program differs from the mode, in f64. */
function distance(row: Row, program: Program, c: Case): number {
  const { operator, mode, form } = row;
  const run = operator.modes[mode]!;
  const [own, others] = [boundsOf(run, c, float64), boundsOf(form.program, c, float64)];
  const found = numbersOf(program, c, f64 as Executor);
  return largest(
    numbersOf(run, c, f64 as Executor).flatMap(([, want], at) =>
      ratios(
        row,
        found[at]![1],
        want,
        own[at]!.map((bound, i) => bound + others[at]![i]!),
      ),
    ),
  );
}

/** Reads one index wrongly: the last entry of an axis comes first. */
const turned = (x: Value, axis: number): Value =>
  concat([slice(x, axis, x.shape[axis]! - 1, x.shape[axis]!), slice(x, axis, 0, x.shape[axis]! - 1)], axis);

// DENSESSM_CASES sets more cases
describe.each(rows)('$operator.name $mode $name', (row) => {
  const { operator, mode, form } = row;

  it('equals its mode: outputs, states, gradients', () => {
    fc.assert(
      fc.property(casesOf(operator, mode, 8, float64), (c) => {
        expect(distance(row, form.program, c)).toBeLessThanOrEqual(1);
      }),
      cases(4),
    );
  });

  it('is within its own bounds in rounded arithmetic', () => {
    fc.assert(
      fc.property(casesOf(operator, mode, 8, float32), seeds, (c, seed) => {
        const allowed = boundsOf(form.program, c, float32);
        const found = numbersOf(form.program, c, rounded(float32, seed) as Executor);
        numbersOf(form.program, c, f64 as Executor).forEach(([name, want], at) => {
          expect(largest(ratios(row, found[at]![1], want, allowed[at]!)), name).toBeLessThanOrEqual(1);
        });
      }),
      cases(4),
    );
  });

  it('rejects an input with one wrong index', () => {
    const drawn = fc.sample(casesOf(operator, mode, 8, float64), 20);
    const rejected = drawn.some((c) =>
      Object.entries(c.inputs).some(([name, { shape, kind }]) => {
        const axis = shape.findIndex((length) => length > 1);
        if (axis < 0 || kind === 'index') return false;
        const wrong: Program = (inputs, settings) =>
          form.program({ ...inputs, [name]: turned(inputs[name]!, axis) }, settings);
        return distance(row, wrong, c) > 1;
      }),
    );
    expect(rejected).toBe(true);
  });
});

it('names what each mode with forms computes itself, and forms only of modes', () => {
  for (const { forms = {}, says = {}, modes } of operators) {
    expect(Object.keys(says).toSorted()).toEqual(Object.keys(forms).toSorted());
    expect(Object.keys(forms).filter((mode) => !(mode in modes))).toEqual([]);
  }
});
