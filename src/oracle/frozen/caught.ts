/** @file Finds the known faults that a case catches: programs with the fault are beyond the bounds, though their own errors help them. */
import { bounded, boundOf } from '../../executors/bounded/index.ts';
import { read } from '../../tensor/input.ts';
import type { Executor } from '../../tensor/value.ts';
import { faultsOn } from '../batches/faults.ts';
import type { Case } from '../case.ts';
import { nearest } from '../check/verdict/judged.ts';
import type { Fault } from '../fault.ts';
import type { Operator } from '../operator.ts';
import { asAnswered, evaluate } from '../program.ts';
import type { Accepted } from './accepted.ts';

/** The known faults of a mode. */
export const faultsIn = (operator: Operator, mode: string): readonly Fault[] =>
  faultsOn(operator).filter((fault) => fault.mode === mode);

/**
 * Whether a program with a fault answers wrong numbers on a case: some number is so far from the right one that its own rounding errors at the
 * finest accepted profile cannot bring it within the bound. A fault that cannot run the case is not caught.
 */
export function isCaught({ program }: Fault, c: Case, { profiles, tensors }: Accepted): boolean {
  const results = attempt(() => asAnswered(evaluate(program, c, bounded(profiles[0]!) as Executor)));
  if (results === null) return false;
  return Object.entries(tensors).some(([name, { right, bounds, period }]) => {
    const x = results[name];
    if (x === undefined) return false;
    const numbers = nearest({ expected: right, period }, read(x));
    const errors = boundOf(x);
    return numbers.some((number, i) => {
      if (!Number.isFinite(right[i]!) || bounds[i] === Number.POSITIVE_INFINITY) return false;
      return !(Math.abs(number - right[i]!) <= bounds[i]! + (Number.isFinite(number) ? errors[i]! : 0));
    });
  });
}

/** Returns null if `f` throws: some faults cannot run on every case. */
function attempt<T>(f: () => T): T | null {
  try {
    return f();
  } catch {
    return null;
  }
}
