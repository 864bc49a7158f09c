/** @file Measures the sharpness of error bounds: the ratio of errors of adversarial f32 implementations to bounds, by operator and mode. */
import * as fc from 'fast-check';
import { firstOrder, firstOrderBounds } from '../src/executors/bounded/first-order.ts';
import { bounded, boundOf, float32, snap } from '../src/executors/bounded/index.ts';
import { rounded } from '../src/executors/rounded/index.ts';
import type { Case, Tensors } from '../src/oracle/case.ts';
import { cases } from '../src/oracle/draw.ts';
import { operators } from '../src/oracle/operators/index.ts';
import { type Evaluation, evaluate } from '../src/oracle/program.ts';
import type { Executor, Value } from '../src/tensor/value.ts';

const [count, longest] = [200, 12];

const snapped = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, x]) => [name, x.kind === 'index' ? x : { ...x, data: snap(float32, x.data) }]),
  );

const numbers = (x: Value): Float64Array => x.on.read(x.data);

/** Ratios error / bound, and the count of numbers without a bound. */
interface Ratios {
  readonly ratios: number[];
  unbounded: number;
}

/** Computes the ratios of an implementation's numbers, for the chosen elements of each tensor. */
function ratiosOf(
  found: Evaluation['outputs'],
  reference: Evaluation['outputs'],
  elements: (x: Value) => readonly number[],
  boundsOf: (x: Value, elements: readonly number[]) => ArrayLike<number>,
): Ratios {
  const result: Ratios = { ratios: [], unbounded: 0 };
  for (const [name, x] of Object.entries(reference)) {
    const [have, want, chosen] = [numbers(found[name]!), numbers(x), elements(x)];
    const allowed = boundsOf(x, chosen);
    chosen.forEach((at, i) => {
      if (allowed[i] === Number.POSITIVE_INFINITY) result.unbounded++;
      else if (allowed[i]! > 0) result.ratios.push(Math.abs(have[at]! - want[at]!) / allowed[i]!);
    });
  }
  return result;
}

/** Kinds of bounds: running bounds of every number, and first-order bounds of one number per tensor, as each needs a backward pass. */
const kinds = [
  {
    name: 'running bounds',
    on: () => bounded(float32) as Executor,
    elements: (x: Value) => Array.from(numbers(x).keys()),
    boundsOf: boundOf,
    operators,
  },
  {
    name: 'first-order bounds of models, one number of each tensor',
    on: () => firstOrder(float32) as Executor,
    elements: (x: Value, seed: number) => (numbers(x).length === 0 ? [] : [seed % numbers(x).length]),
    boundsOf: firstOrderBounds,
    operators: operators.filter(({ name }) => name.endsWith('etNet')),
  },
] as const;

/** Formats the median and maximum ratio, and the share of numbers without a bound. */
function column(parts: readonly Ratios[]): string {
  const ratios = parts.flatMap((part) => part.ratios).sort((a, b) => a - b);
  const unbounded = parts.reduce((total, part) => total + part.unbounded, 0);
  const percent = (ratio = 0): string =>
    `${ratio < 0.1 ? (100 * ratio).toPrecision(2) : (100 * ratio).toFixed(0)} %`.padStart(10);
  const without = `${((100 * unbounded) / Math.max(1, unbounded + ratios.length)).toFixed(1)} %`;
  return `${percent(ratios[Math.floor(ratios.length / 2)])}${percent(ratios.at(-1))}${without.padStart(9)}`;
}

/** Prints, for outputs and gradients, the median and maximum of error / bound, and the share of numbers without a bound. */
export async function bounds(): Promise<void> {
  const columns = `${'median'.padStart(10)}${'max'.padStart(10)}${'no bound'.padStart(9)}`;
  for (const kind of kinds) {
    console.log(`${kind.name}: error / bound in f32, ${count} cases each, up to ${longest} tokens`);
    console.log(`${''.padEnd(34)}${'outputs, states'.padStart(29)}${'gradients'.padStart(29)}`);
    console.log(`${''.padEnd(34)}${columns}${columns}`);
    for (const operator of kind.operators) {
      for (const [mode, program] of Object.entries(operator.modes)) {
        const drawn: Case[] = fc.sample(
          cases(operator, { longest }).filter(({ settings }) => operator.admits(settings, mode)),
          { numRuns: count, seed: 1 },
        );
        const both = drawn.map((c, i) => {
          const trial = { ...c, inputs: snapped(c.inputs), cotangents: snapped(c.cotangents) };
          const reference = evaluate(program, trial, kind.on());
          const found = evaluate(program, trial, rounded(float32, i) as Executor);
          const of = (part: keyof Evaluation): Ratios =>
            ratiosOf(found[part], reference[part], (x) => kind.elements(x, c.seed), kind.boundsOf);
          return { outputs: of('outputs'), gradients: of('gradients') };
        });
        const [outputs, gradients] = [both.map((one) => one.outputs), both.map((one) => one.gradients)];
        console.log(`${`${operator.name} ${mode}`.padEnd(34)}${column(outputs)}${column(gradients)}`);
      }
    }
    console.log();
  }
}
