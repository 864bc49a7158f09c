/** @file Asks whether the sequences of a batch see each other or padding, and looks at the states of empty ones. */
import type { Span } from '../../../nn/batches/batch.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { axisOf, isState } from '../../axes.ts';
import { batchOf } from '../../batches/alone.ts';
import { type Case, mapTensors, type Tensor, type Tensors } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import type { Answered, Inquiry } from '../inquiry.ts';
import type { Failing } from './contrast/contrast.ts';
import { tensorOf } from './where.ts';

/** The most sequences that are changed, and the most sentences about what they see. */
const limits = { sequences: 6, sentences: 3 };

/** Says which sequences of a failing batch see what they must not. Changes a sequence at a time, and looks at the others. */
export async function leaksBetween(inquiry: Inquiry, { c, wrong: { judged } }: Failing): Promise<string[]> {
  const { operator } = inquiry;
  const { batched } = operator;
  if (batched === undefined || judged === null) return [];
  const { spans } = batchOf(batched.of, batched.kind, c.inputs, c.settings);
  const before = judged.answered;
  const changes = async (other: Case): Promise<readonly Set<number>[]> => {
    const outcome = await inquiry.ask(other, true);
    const after = outcome.is === 'wrong' ? outcome.wrong.judged : outcome.is === 'right' ? outcome.judged : null;
    return after === null
      ? []
      : ['out/', 'grad/'].map((side) => changed(operator, spans, side, before, after.answered));
  };
  const seen: Record<'outputs' | 'gradients', string[]> = { outputs: [], gradients: [] };
  const note = async (what: string, other: Case, of: number | null): Promise<void> => {
    const [outputs = new Set<number>(), gradients = new Set<number>()] = await changes(other);
    for (const i of outputs) if (i !== of) seen.outputs.push(`sequence ${i} sees ${what}`);
    for (const i of gradients) if (i !== of) seen.gradients.push(`the gradient of sequence ${i} sees ${what}`);
  };
  if (batched.kind === 'padded') await note('padding', withPadding(operator, c, spans), null);
  for (const [j, span] of [...spans.entries()].slice(0, limits.sequences)) {
    if (span.length > 0) await note(`tokens of sequence ${j}`, withTokens(operator, c, span), j);
    await note(`the initial state of sequence ${j}`, withState(operator, c, j), j);
    await note(`cotangents of sequence ${j}`, withCotangents(operator, c, span, j), j);
  }
  // gradients follow from outputs
  const sentences = (seen.outputs.length > 0 ? seen.outputs : seen.gradients).slice(0, limits.sentences);
  return [...ofEmpty(operator, c, spans, before), ...sentences];
}

/** Says that the final state of an empty sequence is another one than its initial state. */
function ofEmpty(operator: Operator, c: Case, spans: readonly Span[], answered: Answered): string[] {
  return Object.keys(c.inputs).flatMap((name) => {
    const after = answered.get(`out/${name}`);
    if (!isState(operator, name) || after === undefined) return [];
    const { data, shape } = c.inputs[name]!;
    const size = sizeOf(shape.slice(1));
    const isOther = ({ length }: Span, i: number): boolean =>
      length === 0 && data.subarray(i * size, (i + 1) * size).some((x, at) => x !== after.data[i * size + at]);
    const odd = spans.findIndex(isOther);
    if (odd < 0) return [];
    const isZeros = after.data.subarray(odd * size, (odd + 1) * size).every((x) => x === 0);
    return [`sequence ${odd} is empty, and its final ${name} is not its initial one${isZeros ? ': it is zeros' : ''}`];
  });
}

/** Halves, which stay inside every domain that 0 closes; a reset becomes a usual gate. */
const halves = (x: Tensor, isOwn: (i: number) => boolean): Tensor => {
  const half = (value: number): number => (value === Number.NEGATIVE_INFINITY ? -1 : value / 2);
  return x.kind === 'index' ? x : { ...x, data: x.data.map((value, i) => (isOwn(i) ? half(value) : value)) };
};

/** Whether a number of a tensor belongs to tokens: by its row and place. */
function atPlaces(
  { shape }: Tensor,
  axis: number,
  is: (row: number, place: number) => boolean,
): (i: number) => boolean {
  const [ofPlace, ofRow] = [sizeOf(shape.slice(axis + 1)), sizeOf(shape.slice(1))];
  return (i) => is(Math.floor(i / ofRow), Math.floor(i / ofPlace) % shape[axis]!);
}

const isIn = (row: number, place: number, span: Span): boolean =>
  row === span.row && place >= span.start && place < span.start + span.length;

const timedChanged = (
  operator: Operator,
  side: 'inputs' | 'outputs',
  tensors: Tensors,
  is: (row: number, place: number) => boolean,
): Tensors =>
  mapTensors(tensors, (x, name) => {
    const axis = axisOf(operator, 'time', side, name);
    return axis === undefined ? x : halves(x, atPlaces(x, axis, is));
  });

const withTokens = (operator: Operator, c: Case, span: Span): Case => ({
  ...c,
  inputs: timedChanged(operator, 'inputs', c.inputs, (row, place) => isIn(row, place, span)),
});

const withPadding = (operator: Operator, c: Case, spans: readonly Span[]): Case => ({
  ...c,
  inputs: timedChanged(operator, 'inputs', c.inputs, (row, place) => !spans.some((span) => isIn(row, place, span))),
});

const stateChanged = (operator: Operator, tensors: Tensors, j: number): Tensors =>
  mapTensors(tensors, (x, name) => {
    const size = sizeOf(x.shape.slice(1));
    return isState(operator, name) ? halves(x, (i) => Math.floor(i / size) === j) : x;
  });

const withState = (operator: Operator, c: Case, j: number): Case => ({
  ...c,
  inputs: stateChanged(operator, c.inputs, j),
});

const withCotangents = (operator: Operator, c: Case, span: Span, j: number): Case => ({
  ...c,
  cotangents: stateChanged(
    operator,
    timedChanged(operator, 'outputs', c.cotangents, (row, place) => isIn(row, place, span)),
    j,
  ),
});

/** A change beyond this share of the largest number is no rounding. */
const noRounding = 1 / 1024;

/** The sequences of which numbers of a side change. Gradients of parameters belong to none. */
function changed(
  operator: Operator,
  spans: readonly Span[],
  side: string,
  before: Answered,
  after: Answered,
): Set<number> {
  const found = new Set<number>();
  for (const [tensor, x] of before) {
    const y = after.get(tensor);
    if (!tensor.startsWith(side) || y?.data.length !== x.data.length) continue;
    const { side: of, name } = tensorOf(tensor);
    const axis = axisOf(operator, 'time', of, name);
    if (axis === undefined && !isState(operator, name)) continue;
    const size = x.data.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
    for (const [i, span] of spans.entries()) {
      const ofState = sizeOf(x.shape.slice(1));
      const isOwn =
        axis === undefined
          ? (at: number): boolean => Math.floor(at / ofState) === i
          : atPlaces(x, axis, (row, place) => isIn(row, place, span));
      if (x.data.some((value, at) => isOwn(at) && Math.abs(value - y.data[at]!) > noRounding * size)) found.add(i);
    }
  }
  return found;
}
