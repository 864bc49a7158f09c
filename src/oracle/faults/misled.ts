/** @file Faults that are the operator itself on other inputs or settings. */
import type { Settings } from '../case.ts';
import type { Fault } from '../fault.ts';
import type { Operator } from '../operator.ts';
import type { Named } from '../program.ts';

/** A fault that runs the operator itself on other inputs or settings. */
export const misled = <S extends Settings>(
  operator: Operator<S>,
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  change: (inputs: Named, settings: S) => { inputs?: Named; settings?: S },
): Fault<S> => ({
  operator: operator.name,
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, settings) => {
    const other = change(inputs, settings);
    return operator.modes[mode]!(other.inputs ?? inputs, other.settings ?? settings);
  },
});
