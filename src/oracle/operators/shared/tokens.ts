/** @file Makes the modes of an operator without memory: the whole sequence at once, or token by token. */
import { concat } from '../../../tensor/primitives/concat.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import type { Settings } from '../../case.ts';
import { mapValues } from '../../named.ts';
import type { ProgramOf } from '../../operator.ts';
import type { Named, Program } from '../../program.ts';
import { axisIn, signatureOf } from '../../signature.ts';

/** Makes both modes of a program: `whole` runs all tokens at once, `tokenwise` runs each token alone. */
export function tokenModes<const Text extends string, S extends Settings>(
  text: Text,
  program: ProgramOf<Text, S>,
): Record<'whole' | 'tokenwise', ProgramOf<Text, S>> {
  const signature = signatureOf(text);
  const timeOf = (name: string): number | undefined => axisIn(signature.inputs, 't', name);
  const token = (inputs: Named, t: number): Named =>
    mapValues(inputs, (x, name) => {
      const axis = timeOf(name);
      return axis === undefined ? x : slice(x, axis, t, t + 1);
    });
  const tokenwise: Program<S> = (inputs, settings) => {
    const sequence = Object.keys(inputs).find((name) => timeOf(name) !== undefined)!;
    const length = inputs[sequence]!.shape[timeOf(sequence)!]!;
    const steps = Array.from({ length }, (_, t) => (program as Program<S>)(token(inputs, t), settings));
    return mapValues(steps[0]!, (_, name) =>
      concat(
        steps.map((step) => step[name]!),
        axisIn(signature.outputs, 't', name)!,
      ),
    );
  };
  return { whole: program, tokenwise };
}
