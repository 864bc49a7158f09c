/** @file Wrong batches: padding that counts, states that leak or are exchanged, positions that count from the row's start. */
import { type AttentionInputs, extended, type KeyValueCache } from '../../nn/attention/inputs.ts';
import { parallelAttention } from '../../nn/attention/parallel.ts';
import { alongRows, type Batch, isToken, type Span } from '../../nn/batches/batch.ts';
import { cutOut } from '../../nn/batches/each-sequence.ts';
import { parallelRetention } from '../../nn/retention/parallel.ts';
import { scanStates } from '../../nn/selective-scan/recurrences.ts';
import { constantLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { select } from '../../tensor/primitives/select.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Settings } from '../case.ts';
import type { Fault } from '../fault.ts';
import type { Operator } from '../operator.ts';
import { type AttentionSettings, attention } from '../operators/attention.ts';
import { type InBatch, isOfSequence, ofSequence, ownOf, statesByName } from '../operators/batchable.ts';
import { linearScan, scanProgram } from '../operators/linear-scan.ts';
import { denseRetNetOperator, retNetOperator } from '../operators/models.ts';
import { decayRetention, type RetentionSettings, retention } from '../operators/retention.ts';
import { mapValues } from '../operators/tokens.ts';
import { transformerOperator } from '../operators/transformer.ts';
import type { Named, Program } from '../program.ts';

/** A fault of an operator in a mode that shows on batches only. */
const fault = <S extends Settings>(
  { name: operator, modes }: Operator<S>,
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  wrong: (run: Program<InBatch<S>>) => Program<InBatch<S>>,
): Fault<InBatch<S>> => ({ operator, mode, name, says, rejectedBy, program: wrong(modes[mode]!) });

const shared = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !isOfSequence(name)));

/** How long a growing state is once a sequence's tokens are in it, given its own state before, if it has one. */
const lengthAfter = (before: Value | undefined, axis: number, { length }: Span): number =>
  (before?.shape[axis] ?? 0) + length;

/** Runs the sequences one after another, each from its own state and settings, or from others. */
const inTurn =
  <S extends Settings>(
    { time }: Operator<S>,
    change: (own: Named, span: Span, settings: S, before: Named | null) => { own?: Named; settings?: S },
  ) =>
  (run: Program<InBatch<S>>): Program<InBatch<S>> =>
  (inputs, { batch, ...rest }) => {
    const [output] = Object.keys(time!.outputs) as [string];
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
          const axis = time!.grows?.[name];
          if (axis === undefined) return x;
          const length = lengthAfter(own[time!.states[name]!], axis, span);
          return slice(x, axis, x.shape[axis]! - length, x.shape[axis]!);
        }),
      );
    }
    return { [output]: outputs.reduce((a, b) => add(a, b)), ...statesByName(states) };
  };

/** A final state's name changed to that of the initial state which it becomes. */
const asInitial = <S extends Settings>({ time }: Operator<S>, finals: Named): Named =>
  Object.fromEntries(Object.entries(finals).map(([name, x]) => [time!.states[name]!, x]));

const exchanged = (inputs: Named, { spans }: Batch): Named => {
  const turned = spans.map((_, i) => ownOf(inputs, spans.length - 1 - i));
  return { ...shared(inputs), ...statesByName(turned) };
};

/** The faults of any operator that runs batches. */
export function batchFaults<S extends Settings>(operator: Operator<S>): Fault<InBatch<S>>[] {
  if (operator.batches !== true) return [];
  const { reference: mode, time } = operator;
  const both = ['padded', 'packed'];
  return [
    fault(
      operator,
      mode,
      'states-leak',
      'a sequence goes on from the state of the one before it in the row',
      ['packed'],
      inTurn(operator, (_own, _span, _settings, before) =>
        before === null ? {} : { own: asInitial(operator, before) },
      ),
    ),
    fault(
      operator,
      mode,
      'states-exchanged',
      'the states of a batch come in another order than its sequences',
      both,
      (run) => (inputs, settings) => run(exchanged(inputs, settings.batch), settings),
    ),
    fault(operator, mode, 'states-detached', 'no gradient reaches the states of a batch', both, (run) => {
      const detached = (x: Value, name: string): Value => (isOfSequence(name) ? stopGradient(x) : x);
      return (inputs, settings) => run(mapValues(inputs, detached), settings);
    }),
    fault(operator, mode, 'mask-ignored', 'padding counts as tokens', ['padded'], (run) => (inputs, settings) => {
      const { batch } = settings;
      const spans = batch.spans.map(({ row }) => ({ row, start: 0, length: batch.places }));
      const results = run(inputs, { ...settings, batch: { ...batch, spans } });
      return mapValues(results, (x, name) => {
        const [base, i] = name.split('@') as [string, string?];
        const axis = time!.grows?.[base];
        if (axis === undefined || i === undefined) return x;
        const before = inputs[ofSequence(time!.states[base]!, Number(i))];
        return slice(x, axis, 0, lengthAfter(before, axis, batch.spans[Number(i)]!));
      });
    }),
  ];
}

/** Positions of a batch counted as places of its rows. */
const fromRowStart = <S extends Settings & { readonly position: number }>(operator: Operator<S>) =>
  fault(
    operator,
    'recurrent',
    'positions-from-row-start',
    "a sequence's positions count from its row's start",
    ['padded', 'packed'],
    inTurn(operator, (_own, span, settings) => ({
      settings: { ...settings, position: settings.position + span.start },
    })),
  );

/** Zeros at padding. */
const zeroed = (x: Value, batch: Batch, time = 2): Value =>
  select(constantLike(x, isToken(batch), alongRows(batch, x.shape.length, time)), x, 0);

const statesOf = (inputs: Named, { spans }: Batch, name: string): Value[] =>
  spans.map((_, i) => inputs[ofSequence(name, i)]!);

const retentions: readonly Fault<InBatch<RetentionSettings>>[] = [
  fault(
    retention,
    'parallel',
    'padding-decays-state',
    'padding has keys and values of 0, but decays the state like tokens',
    ['padded'],
    () =>
      (inputs, { batch, decay }) => {
        const [q, k, v] = [inputs.q!, inputs.k!, inputs.v!].map((x) => zeroed(x, batch)) as [Value, Value, Value];
        const { output, state } = parallelRetention({ q, k, v, decay }, concat(statesOf(inputs, batch, 'state'), 0));
        return { output, ...statesByName(batch.spans.map((_, i) => ({ state: slice(state, 0, i, i + 1) }))) };
      },
  ),
  fault(
    retention,
    'parallel',
    'boundaries-ignored',
    'a packed row is read as one sequence; only the final states are right',
    ['packed'],
    (run) => (inputs, settings) => {
      const { q, k, v } = inputs as { q: Value; k: Value; v: Value };
      const { output } = parallelRetention({ q, k, v, decay: settings.decay }, inputs[ofSequence('state', 0)]!);
      return { ...run(inputs, settings), output };
    },
  ),
];

const scans = [
  fault(
    linearScan,
    'scan',
    'padding-decays-state',
    'padding has an input of 0, but a decay of its own',
    ['padded'],
    () =>
      (inputs, { batch }) => {
        const [a, b] = [inputs.a!, zeroed(inputs.b!, batch, 1)];
        const start = concat(statesOf(inputs, batch, 'state'), 0);
        const { output, state } = scanProgram(scanStates)({ a, b, state: start }, {});
        return { output: output!, ...statesByName(batch.spans.map((_, i) => ({ state: slice(state!, 0, i, i + 1) }))) };
      },
  ),
];

/** A fault of attention on batches: what is read is wrong, the caches that it hands over are right. */
const misread = (
  name: string,
  says: string,
  law: string,
  read: (inputs: AttentionInputs, batch: Batch, caches: readonly KeyValueCache[]) => Value,
) =>
  fault<AttentionSettings>(attention, 'parallel', name, says, [law], () => (inputs, { batch, scoreScaling }) => {
    const [q, k, v] = [inputs.q!, inputs.k!, inputs.v!];
    const caches = batch.spans.map((_, i) => ownOf(inputs, i) as { keys: Value; values: Value });
    const factor = scoreScaling === 'none' ? 1 : q.shape[3]! ** -0.5;
    const output = read({ q, k, v, factor }, batch, caches);
    const after = batch.spans.map((span, i) => {
      const [qs, ks, vs] = [q, k, v].map((x) => cutOut(x, span, 2)) as [Value, Value, Value];
      return extended(caches[i]!, { q: qs, k: ks, v: vs, factor });
    });
    return { output: einsum('bhte,hoe->bhto', output, inputs['param.output']!), ...statesByName(after) };
  });

const joined = (caches: readonly KeyValueCache[], axis: number): KeyValueCache => ({
  keys: concat(
    caches.map(({ keys }) => keys),
    axis,
  ),
  values: concat(
    caches.map(({ values }) => values),
    axis,
  ),
});

const attentions = [
  misread(
    'padding-gets-shares',
    'padding has keys and values of 0, but is not masked, so it takes part in the softmax',
    'padded',
    (inputs, batch, caches) => {
      const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => zeroed(x, batch)) as [Value, Value, Value];
      return parallelAttention({ ...inputs, q, k, v }, joined(caches, 0)).output;
    },
  ),
  misread(
    'boundaries-ignored',
    'in a packed row a token sees the tokens of the sequences before it, and every cache',
    'packed',
    (inputs, _batch, caches) => parallelAttention(inputs, joined(caches, 2)).output,
  ),
];

/** Faults of single operators. */
export const ownBatchFaults: readonly Fault[] = [
  ...retentions,
  ...scans,
  ...attentions,
  fromRowStart(decayRetention),
  fromRowStart(retNetOperator),
  fromRowStart(denseRetNetOperator),
  fromRowStart(transformerOperator),
];
