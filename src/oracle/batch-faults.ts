/** @file Faults that any operator with batches can have, and helpers for an operator's own batch faults. */
import { alongRows, type Batch, isToken, type Span } from '../nn/batches/batch.ts';
import { constantLike, zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { select } from '../tensor/primitives/select.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { stopGradient } from '../tensor/primitives/stop-gradient.ts';
import type { Value } from '../tensor/value.ts';
import { growingAxis, hasGrowingStates, takesBatches, timedOutput } from './axes.ts';
import { type InBatch, isOfSequence, ofSequence, ownOf, statesByName } from './batchable.ts';
import type { Settings } from './case.ts';
import { type Description, type Fault, faultsOf } from './fault.ts';
import { mapValues } from './named.ts';
import type { Operator } from './operator.ts';
import type { Named, Program } from './program.ts';
import type { BatchInputsOf, OutputsOf } from './signature-types.ts';

/** A fault that appears only on batches. */
export interface WrongBatch<S extends Settings, Text extends string = string> extends Description {
  program(
    inputs: BatchInputsOf<Text, Value>,
    settings: InBatch<S>,
    run: Program<InBatch<S>>,
  ): Named | OutputsOf<Text, Value>;
}

/** Makes the faults of an operator that appear only on batches. */
export const batchFaultsOf = <S extends Settings, Text extends string>(
  operator: Operator<S, Text>,
  wrong: readonly WrongBatch<S, Text>[],
): Fault[] => faultsOf(operator as unknown as Operator<InBatch<S>>, wrong as readonly WrongBatch<S>[]);

const shared = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !isOfSequence(name)));

/** The length of a growing state after a sequence's tokens. `before` is the sequence's initial state, if it has one. */
const lengthAfter = (before: Value | undefined, axis: number, { length }: Span): number =>
  (before?.shape[axis] ?? 0) + length;

/** Runs the sequences one after another. `change` can replace a sequence's initial state and settings. */
const inTurn =
  <S extends Settings>(
    operator: Operator<S>,
    change: (own: Named, span: Span, settings: S, before: Named | null) => { own?: Named; settings?: S },
  ): WrongBatch<S>['program'] =>
  (inputs, { batch, ...rest }, run: Program<InBatch<S>>) => {
    const output = timedOutput(operator as Operator);
    const settings = rest as unknown as S;
    const outputs: Value[] = [];
    const states: Named[] = [];
    for (const [i, span] of batch.spans.entries()) {
      const own = ownOf(inputs, i);
      const other = change(own, span, settings, states.at(-1) ?? null);
      const given = { ...shared(inputs), ...statesByName([other.own ?? own]) };
      const alone = { ...(other.settings ?? settings), batch: { ...batch, spans: [span] } };
      const { [output]: rows, ...finals } = run(given, alone);
      outputs.push(rows!);
      states.push(
        mapValues(ownOf(finals, 0), (x, name) => {
          const axis = growingAxis(operator as Operator, name);
          if (axis === undefined) return x;
          const length = lengthAfter(own[name], axis, span);
          return slice(x, axis, x.shape[axis]! - length, x.shape[axis]!);
        }),
      );
    }
    return { [output]: outputs.reduce((a, b) => add(a, b)), ...statesByName(states) };
  };

const exchanged = (inputs: Named, { spans }: Batch): Named => {
  const turned = spans.map((_, i) => ownOf(inputs, spans.length - 1 - i));
  return { ...shared(inputs), ...statesByName(turned) };
};

/** Runs a batch with every boundary but the last one token late, as far as there are tokens. */
function boundariesLate({ rows, places, spans }: Batch): Batch {
  const end = ({ start, length }: Span): number => start + length;
  const late = (i: number): number => (i === spans.length - 1 ? places : Math.min(places, end(spans[i]!) + 1));
  const starts = spans.map((_, i) => (i === 0 ? 0 : late(i - 1)));
  return {
    rows,
    places,
    spans: spans.map((span, i) => ({ ...span, start: starts[i]!, length: late(i) - starts[i]! })),
  };
}

/** Returns the faults of operators whose states have one size. */
const faultsOfStates = <S extends Settings>(operator: Operator<S>): Fault[] =>
  batchFaultsOf(operator, [
    {
      mode: operator.reference,
      name: 'empty-states-lost',
      says: 'the final state of an empty sequence is zeros',
      rejectedBy: ['padded', 'packed'],
      program: (inputs, settings, run) =>
        mapValues(run(inputs, settings), (x, name) => {
          const [, i] = name.split('@') as [string, string?];
          return i !== undefined && settings.batch.spans[Number(i)]!.length === 0 ? zerosLike(x) : x;
        }),
    },
    {
      mode: operator.reference,
      name: 'first-state-only',
      says: 'only the first sequence of a row starts from its initial state',
      rejectedBy: ['packed'],
      program: (inputs, settings, run) =>
        run(
          mapValues(inputs, (x, name) => (isOfSequence(name) && !name.endsWith('@0') ? zerosLike(x) : x)),
          settings,
        ),
    },
    {
      mode: operator.reference,
      name: 'boundaries-late',
      says: 'each sequence has the first token of the next one',
      rejectedBy: ['packed'],
      program: (inputs, settings, run) => run(inputs, { ...settings, batch: boundariesLate(settings.batch) }),
    },
  ]);

/** Returns the faults that any operator with batches can have; none for other operators. */
export function batchFaults<S extends Settings>(operator: Operator<S>): Fault[] {
  if (operator.batches !== true) return [];
  const { reference: mode } = operator;
  const both = ['padded', 'packed'];
  const hasOneSize = takesBatches(operator as Operator) && !hasGrowingStates(operator as Operator);
  const ofStates = hasOneSize ? faultsOfStates(operator) : [];
  const ofAll = batchFaultsOf(operator, [
    {
      mode,
      name: 'states-leak',
      says: 'a sequence goes on from the state of the one before it in the row',
      rejectedBy: ['packed'],
      program: inTurn(operator, (_own, _span, _settings, before) => (before === null ? {} : { own: before })),
    },
    {
      mode,
      name: 'states-exchanged',
      says: 'the states of a batch come in another order than its sequences',
      rejectedBy: both,
      program: (inputs, settings, run) => run(exchanged(inputs, settings.batch), settings),
    },
    {
      mode,
      name: 'states-detached',
      says: 'no gradient reaches the states of a batch',
      rejectedBy: both,
      program: (inputs, settings, run) =>
        run(
          mapValues(inputs, (x, name) => (isOfSequence(name) ? stopGradient(x) : x)),
          settings,
        ),
    },
    {
      mode,
      name: 'mask-ignored',
      says: 'padding counts as tokens',
      rejectedBy: ['padded'],
      program: (inputs, settings, run) => {
        const { batch } = settings;
        const spans = batch.spans.map(({ row }) => ({ row, start: 0, length: batch.places }));
        const results = run(inputs, { ...settings, batch: { ...batch, spans } });
        return mapValues(results, (x, name) => {
          const [base, i] = name.split('@') as [string, string?];
          const axis = growingAxis(operator as Operator, base);
          if (axis === undefined || i === undefined) return x;
          const before = inputs[ofSequence(base, Number(i))];
          return slice(x, axis, 0, lengthAfter(before, axis, batch.spans[Number(i)]!));
        });
      },
    },
  ]);
  return [...ofAll, ...ofStates];
}

/** Returns the fault that counts a sequence's positions from the start of its row. */
export const positionsFromRowStart = <S extends Settings & { readonly position: number }, Text extends string>(
  operator: Operator<S, Text>,
): Fault[] =>
  batchFaultsOf(operator, [
    {
      mode: 'recurrent',
      name: 'positions-from-row-start',
      says: "a sequence's positions count from its row's start",
      rejectedBy: ['padded', 'packed'],
      program: inTurn(operator as unknown as Operator<S>, (_own, span, settings) => ({
        settings: { ...settings, position: settings.position + span.start },
      })),
    },
  ]);

/** Sets padding to zero. */
export const zeroed = (x: Value, batch: Batch, time = 2): Value =>
  select(constantLike(x, isToken(batch), alongRows(batch, x.shape.length, time)), x, 0);
