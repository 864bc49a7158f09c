/** @file Wrong batches of single operators: padding that counts, boundaries that are ignored. */
import { type AttentionInputs, extended, type KeyValueCache } from '../../nn/attention/inputs.ts';
import { parallelAttention } from '../../nn/attention/parallel.ts';
import type { Batch } from '../../nn/batches/batch.ts';
import { cutOut } from '../../nn/batches/each-sequence.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import type { Value } from '../../tensor/value.ts';
import { positionsFromRowStart, zeroed } from '../batch-faults.ts';
import { type InBatch, ownOf, statesByName } from '../batchable.ts';
import type { Settings } from '../case.ts';
import type { Fault } from '../fault.ts';
import type { Operator } from '../operator.ts';
import { type AttentionSettings, attention } from '../operators/attention.ts';
import { denseRetNetOperator, retNetOperator } from '../operators/models.ts';
import { transformerOperator } from '../operators/transformer.ts';
import type { Program } from '../program.ts';

/** A fault of an operator in a mode that shows on batches only. */
const fault = <S extends Settings>(
  { name: operator, modes }: Operator<S>,
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  wrong: (run: Program<InBatch<S>>) => Program<InBatch<S>>,
): Fault<InBatch<S>> => ({ operator, mode, name, says, rejectedBy, program: wrong(modes[mode]!) });

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
  ...attentions,
  ...positionsFromRowStart(retNetOperator),
  ...positionsFromRowStart(denseRetNetOperator),
  ...positionsFromRowStart(transformerOperator),
];
