/** @file Declares the modes and faults of combinations of two steps h ↦ a h + b, which parallel scans use (Eq. 12). */
import { associativeScan, type Combine } from '../../../nn/ssm/associative-scan.ts';
import type { Affine } from '../../../nn/ssm/combine.ts';
import type { StateValue } from '../../../nn/ssm/form.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { joinTrees, mapTree, treeOf } from '../../../tensor/tree.ts';
import type { Settings } from '../../case.ts';
import { type Fault, faultsOf } from '../../fault.ts';
import { stripped } from '../../named.ts';
import type { Operator } from '../../operator.ts';
import type { Named, Program } from '../../program.ts';
import { outputsOf } from './ssm.ts';

/** Makes both modes of a combination: applied directly, and as a scan of two tokens. `axis` is the time axis, a negative index. */
export const combineModes = <S extends StateValue>(
  combine: Combine<Affine<S>>,
  axis: number,
): Record<'whole' | 'scanned', Program> => {
  const stepsOf = (inputs: Named) => treeOf(inputs) as { readonly left: Affine<S>; readonly right: Affine<S> };
  return {
    whole: (inputs) => {
      const { left, right } = stepsOf(inputs);
      return outputsOf(combine(left, right));
    },
    scanned: (inputs) => {
      const { left, right } = stepsOf(inputs);
      const both = joinTrees([left, right], (xs) => concat(xs, axis));
      return outputsOf(mapTree(associativeScan(combine, both, axis), (x) => slice(x, axis, 1, 2)));
    },
  };
};

/** Makes the faults of a combination. */
export const combineFaults = <Text extends string>(operator: Operator<Settings, Text>): Fault[] =>
  faultsOf(operator as Operator, [
    {
      mode: 'whole',
      name: 'decays-not-multiplied',
      says: 'the result has the later decay, not the product of both',
      rejectedBy: ['definition', 'associative', 'derivative'],
      program: (inputs, settings, run) => ({
        ...run(inputs, settings),
        ...Object.fromEntries(Object.entries(stripped(inputs, 'right.')).filter(([name]) => name.startsWith('a'))),
      }),
    },
    {
      mode: 'scanned',
      name: 'operands-swapped',
      says: 'the later step first',
      rejectedBy: ['definition', 'modes'],
      program: (inputs, settings, run) =>
        run(
          Object.fromEntries(
            Object.entries(inputs).map(([name, x]) => [
              name.startsWith('left.') ? name.replace('left.', 'right.') : name.replace('right.', 'left.'),
              x,
            ]),
          ),
          settings,
        ),
    },
  ]);
