/** @file What a wrong answer looks like: one of the known faults, or a right computation in a lower precision. */
import { bounded, boundOf } from '../../executors/bounded/index.ts';
import { f64 } from '../../executors/f64/index.ts';
import { read } from '../../tensor/input.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import type { Case } from '../case.ts';
import { isRight, type Numbers, within } from '../compare.ts';
import { faults as allFaults } from '../faults/index.ts';
import type { Operator } from '../operator.ts';
import { asAnswered, evaluate, type Program } from '../program.ts';
import type { Allowed } from './allowed.ts';

/** A program's numbers as answers name them: outputs and gradients. */
const numbersOn = (on: Executor, program: Program, c: Case, of: (x: Value) => Float64Array): Numbers =>
  Object.fromEntries(Object.entries(asAnswered(evaluate(program, c, on))).map(([name, x]) => [name, of(x)]));

/** The part of some numbers that was answered. */
const answeredOf = (all: Numbers, answered: Numbers): Numbers =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name in answered));

/** Precisions that kernels fall into where single precision is declared: their operands lose bits, their sums do not. */
const lower: readonly { readonly name: string; readonly u: number }[] = [
  { name: 'TF32 or half precision (11 bits)', u: 2 ** -11 },
  { name: 'bfloat16 (8 bits)', u: 2 ** -8 },
];

/** How far beyond its own bounds a wrong program's rounding is looked for. */
const generous = 8;

/**
 * A sentence about what a wrong answer to a case looks like, or null: a fault of the table gives the same numbers, or the errors
 * are those of a lower precision.
 */
export function likeness(
  operator: Operator,
  mode: string,
  c: Case,
  answered: Numbers,
  { tensors, precision }: Allowed,
): string | null {
  const program = operator.modes[mode]!;
  const right = answeredOf(numbersOn(f64, program, c, read), answered);
  const allowed = orThousandth(right, (name, i) => generous * (tensors[name]?.bounds[i] ?? 0));
  const fits = (numbers: Numbers, by = allowed): boolean =>
    Object.keys(numbers).length > 0 && isRight(within(answered, numbers, by));
  for (const fault of allFaults) {
    if (fault.operator !== operator.name) continue;
    const wrong = attempt(() => answeredOf(numbersOn(f64, fault.program, c, read), answered));
    // on this case the fault must show, and show as what was answered
    if (wrong === null || isRight(within(wrong, right, allowed))) continue;
    if (fits(wrong)) return `looks like the fault '${fault.name}': ${fault.says}`;
  }
  for (const { name, u } of lower) {
    if (u <= precision.u) continue;
    const loose = numbersOn(bounded({ ...precision, name, u }), program, c, boundOf);
    if (
      fits(
        right,
        orThousandth(right, (tensor, i) => loose[tensor]![i]!),
      )
    )
      return `errors are of the size that ${name} has`;
  }
  return null;
}

/** An allowance, where it is finite; elsewhere a thousandth of the tensor's largest number. */
function orThousandth(
  numbers: Numbers,
  allowed: (name: string, i: number) => number,
): (name: string, i: number) => number {
  const sizes = Object.fromEntries(
    Object.entries(numbers).map(([name, data]) => [name, data.reduce((most, x) => Math.max(most, Math.abs(x)), 0)]),
  );
  return (name, i) => {
    const bound = allowed(name, i);
    return Number.isFinite(bound) ? bound : sizes[name]! / 1000;
  };
}

/** A fault may not run on every case. */
function attempt<T>(f: () => T): T | null {
  try {
    return f();
  } catch {
    return null;
  }
}
