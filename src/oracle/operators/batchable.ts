/** @file Operators on batches of sequences of unequal lengths: the same programs, where the settings have a batch. */
import type { Batch } from '../../nn/batches/batch.ts';
import { eachSequence } from '../../nn/batches/each-sequence.ts';
import type { Settings } from '../case.ts';
import type { Operator } from '../operator.ts';
import type { Named, Program } from '../program.ts';

/** Settings of a program on a batch. */
export type InBatch<S extends Settings> = S & { readonly batch: Batch };

/** The name of sequence i's own tensor: its state, or its part of an output. */
export const ofSequence = (name: string, i: number): string => `${name}@${i}`;

/** Whether a name is that of a sequence's own tensor. */
export const isOfSequence = (name: string): boolean => name.includes('@');

/** The own tensors of sequence i, by their names without it. */
export const ownOf = <T>(named: Readonly<Record<string, T>>, i: number): Record<string, T> =>
  Object.fromEntries(
    Object.entries(named).flatMap(([name, x]) => {
      const [base, sequence] = name.split('@') as [string, string?];
      return sequence === `${i}` ? [[base, x]] : [];
    }),
  );

/**
 * An operator whose modes also run batches: where the settings have a `batch`, its sequences are rows of that batch, and its states have
 * a batch of one and a name for each sequence. `together` gives modes that run all sequences at once; the others run each alone.
 */
export function batchable<S extends Settings>(
  operator: Operator<S>,
  together: Readonly<Record<string, Program<InBatch<S>>>> = {},
): Operator<S> {
  const modes = Object.entries(operator.modes).map(([mode, run]): [string, Program<S>] => {
    const inBatch = together[mode] ?? alone(operator, run);
    return [mode, (inputs, settings) => (isInBatch(settings) ? inBatch(inputs, settings) : run(inputs, settings))];
  });
  return { ...operator, batches: true, modes: Object.fromEntries(modes) };
}

const isInBatch = <S extends Settings>(settings: S): settings is InBatch<S> => 'batch' in settings;

/** Every sequence alone. */
const alone =
  <S extends Settings>({ time }: Operator<S>, run: Program<S>): Program<InBatch<S>> =>
  (inputs, settings) => {
    const { batch, ...rest } = settings;
    const axes = time!.inputs;
    const sequences = pick(inputs, (name) => name in axes);
    const shared = pick(inputs, (name) => !(name in axes) && !isOfSequence(name));
    const [axis] = Object.values(axes) as [number];
    const step = (one: Named, own: Named): { output: Named[string]; state: Named } => {
      const results = run({ ...shared, ...one, ...own }, rest as unknown as S);
      const [output] = Object.keys(time!.outputs) as [string];
      return { output: results[output]!, state: pick(results, (name) => name !== output) };
    };
    const before = batch.spans.map((_, i) => ownOf(inputs, i));
    const { output, states } = eachSequence(batch, axis, step, sequences, before);
    const [name] = Object.keys(time!.outputs) as [string];
    return { [name]: output, ...statesByName(states) };
  };

const pick = (named: Named, isWanted: (name: string) => boolean): Named =>
  Object.fromEntries(Object.entries(named).filter(([name]) => isWanted(name)));

/** The states of all sequences under their names. */
export const statesByName = (states: readonly Named[]): Named =>
  Object.fromEntries(
    states.flatMap((state, i) => Object.entries(state).map(([name, x]) => [ofSequence(name, i), x] as const)),
  );
