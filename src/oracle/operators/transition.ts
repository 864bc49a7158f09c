/** @file The axes of operators that treat each token alone. */
import type { Settings } from '../case.ts';
import type { Operator } from '../operator.ts';

/** Time and batch axes of inputs and outputs that are sequences [b, t, ·]. */
export const sequenceAxes = <S extends Settings>(
  inputs: readonly string[],
  outputs: readonly string[],
): Required<Pick<Operator<S>, 'time' | 'axes'>> => {
  const all = (names: readonly string[], axis: number): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, axis]));
  return {
    time: { inputs: all(inputs, 1), outputs: all(outputs, 1), states: {}, after: (settings) => settings },
    axes: { batch: { ...all(inputs, 0), ...all(outputs, 0) } },
  };
};
