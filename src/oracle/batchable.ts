/** @file Runs an operator's programs on batches of sequences of unequal lengths. The settings hold the batch. */
import type { Batch } from '../nn/batches/batch.ts';
import { eachSequence } from '../nn/batches/each-sequence.ts';
import { axisOf, timedOutput } from './axes.ts';
import type { Settings } from './case.ts';
import type { Operator } from './operator.ts';
import type { Named, Program } from './program.ts';

/** Settings of a program on a batch. */
export type InBatch<S extends Settings> = S & { readonly batch: Batch };

/** The name of a tensor that belongs to sequence i: its state, or its part of an output. */
export const ofSequence = (name: string, i: number): string => `${name}@${i}`;

/** Whether a tensor of this name belongs to one sequence. */
export const isOfSequence = (name: string): boolean => name.includes('@');

/** The tensors that belong to sequence i, by their names without `@i`. */
export const ownOf = <T>(named: Readonly<Record<string, T>>, i: number): Record<string, T> =>
  Object.fromEntries(
    Object.entries(named).flatMap(([name, x]) => {
      const [base, sequence] = name.split('@') as [string, string?];
      return sequence === `${i}` ? [[base, x]] : [];
    }),
  );

/**
 * Lets the modes of an operator also run batches: they do so if the settings have a `batch`. Each sequence is then a part of a row. The
 * state of sequence i is named `state@i` and has a batch axis of length 1. `together` contains programs that run all sequences at once;
 * a mode without such a program runs each sequence alone.
 */
export function batchable<S extends Settings, Text extends string = string>(
  operator: Operator<S, Text>,
  together: Readonly<Record<string, Program<InBatch<S>>>> = {},
): Operator<S, Text> {
  const modes = Object.entries(operator.modes as Operator<S>['modes']).map(([mode, run]): [string, Program<S>] => {
    const inBatch = together[mode] ?? alone(operator as unknown as Operator<S>, run);
    return [mode, (inputs, settings) => (isInBatch(settings) ? inBatch(inputs, settings) : run(inputs, settings))];
  });
  return { ...operator, batches: true, modes: Object.fromEntries(modes) as unknown as Operator<S, Text>['modes'] };
}

const isInBatch = <S extends Settings>(settings: S): settings is InBatch<S> => 'batch' in settings;

/** Runs each sequence of a batch alone. */
const alone =
  <S extends Settings>(operator: Operator<S>, run: Program<S>): Program<InBatch<S>> =>
  (inputs, settings) => {
    const { batch, ...rest } = settings;
    const output = timedOutput(operator as Operator);
    const axisOfInput = (name: string): number | undefined => axisOf(operator as Operator, 'time', 'inputs', name);
    const sequences = pick(inputs, (name) => axisOfInput(name) !== undefined);
    const shared = pick(inputs, (name) => axisOfInput(name) === undefined && !isOfSequence(name));
    const axis = axisOfInput(Object.keys(sequences)[0]!)!;
    const step = (one: Named, own: Named): { output: Named[string]; state: Named } => {
      const results = run({ ...shared, ...one, ...own }, rest as unknown as S);
      return { output: results[output]!, state: pick(results, (name) => name !== output) };
    };
    const before = batch.spans.map((_, i) => ownOf(inputs, i));
    const { output: rows, states } = eachSequence(batch, axis, step, sequences, before);
    return { [output]: rows, ...statesByName(states) };
  };

const pick = (named: Named, isWanted: (name: string) => boolean): Named =>
  Object.fromEntries(Object.entries(named).filter(([name]) => isWanted(name)));

/** The states of all sequences as one record: `state@0`, `state@1`, … */
export const statesByName = (states: readonly Named[]): Named =>
  Object.fromEntries(
    states.flatMap((state, i) => Object.entries(state).map(([name, x]) => [ofSequence(name, i), x] as const)),
  );

/** One state of every sequence, in order. */
export const statesOf = (inputs: Named, { spans }: Batch, name: string): Named[string][] =>
  spans.map((_, i) => inputs[ofSequence(name, i)]!);
