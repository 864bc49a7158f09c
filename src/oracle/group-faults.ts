/** @file Faults that any operator can have whose heads share groups. */
import { at, stack } from '../tensor/ops.ts';
import { stopGradient } from '../tensor/primitives/stop-gradient.ts';
import type { Value } from '../tensor/value.ts';
import { axisOf, longestIn } from './axes.ts';
import type { Settings } from './case.ts';
import type { Wrong } from './fault.ts';
import { mapValues } from './named.ts';
import type { Operator } from './operator.ts';
import type { Named } from './program.ts';

/** Puts entry of(i) at place i of an axis. */
const gathered = (x: Value, axis: number, length: number, of: (i: number) => Value): Value =>
  length === 0
    ? x
    : stack(
        Array.from({ length }, (_, i) => of(i)),
        axis,
      );

/** Faults of an operator with groups, in a mode; none for other operators. */
export function groupFaults(operator: Operator, mode: string): Wrong<Settings>[] {
  if (operator.groups === undefined) return [];
  const along =
    (kind: 'head' | 'group', side: 'inputs' | 'outputs', change: (x: Value, axis: number) => Value) =>
    (named: Named): Named =>
      mapValues(named, (x, name) => {
        const axis = axisOf(operator, kind, side, name);
        return axis === undefined ? x : change(x, axis);
      });
  return [
    {
      mode,
      name: 'groups-misassigned',
      says: 'head a takes group a mod g',
      rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
      program: (inputs, settings, run) => {
        const [heads, groups] = [longestIn(operator, { inputs }, 'head'), longestIn(operator, { inputs }, 'group')];
        const perGroup = heads / groups;
        // where head a has its group a mod g, and back
        const place = (a: number): number => (a % groups) * perGroup + Math.floor(a / groups);
        const headAt = (i: number): number => (i % perGroup) * groups + Math.floor(i / perGroup);
        const dealt = along('head', 'inputs', (x, axis) => gathered(x, axis, heads, (i) => at(x, axis, headAt(i))));
        const back = along('head', 'outputs', (x, axis) => gathered(x, axis, heads, (a) => at(x, axis, place(a))));
        return back(run(dealt(inputs), settings));
      },
    },
    {
      mode,
      name: 'group-gradients-of-one-head',
      says: "the gradient of a group is its first head's, not the sum of its heads'",
      rejectedBy: ['modes', 'derivative', 'dyadic'],
      program: (inputs, settings, run) => {
        const [heads, groups] = [longestIn(operator, { inputs }, 'head'), longestIn(operator, { inputs }, 'group')];
        const perGroup = heads / groups;
        const repeated = along('group', 'inputs', (x, axis) =>
          gathered(x, axis, heads, (a) => {
            const row = at(x, axis, Math.floor(a / perGroup));
            return a % perGroup === 0 ? row : stopGradient(row);
          }),
        );
        return run(repeated(inputs), settings);
      },
    },
  ];
}
