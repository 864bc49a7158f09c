/** @file Asks whether an output depends on what it must not: later tokens, other sequences, other heads. */
import { sizeOf } from '../../../tensor/shape.ts';
import { type AxisKind, axisOf, growingAxis, isModel } from '../../axes.ts';
import { type Case, mapTensors } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import type { Answered, Inquiry } from '../inquiry.ts';
import type { Failing } from './contrast/contrast.ts';
import { tensorOf } from './where.ts';

const kinds: readonly (readonly [kind: AxisKind, says: string])[] = [
  ['time', 'earlier tokens change with the last one: they see the future'],
  ['batch', 'other sequences change with the last one: sequences are mixed'],
  ['head', 'other heads change with the last one: heads are mixed'],
];

/** Changes the last entry along axes of a failing case, and names the outputs whose other entries change. */
export async function leaks(inquiry: Inquiry, { c, wrong: { judged } }: Failing): Promise<string[]> {
  const { operator } = inquiry;
  if (judged === null || isModel(operator)) return [];
  const sentences: string[] = [];
  for (const [kind, says] of kinds) {
    const other = lastChanged(operator, c, kind);
    if (other === null) continue;
    const outcome = await inquiry.ask(other);
    const after = outcome.is === 'wrong' ? outcome.wrong.judged : outcome.is === 'right' ? outcome.judged : null;
    if (after === null) continue;
    const tensors = Object.keys(judged.allowed.tensors).filter(
      (name) => name.startsWith('out/') && changes(operator, kind, name, judged.answered, after.answered),
    );
    if (tensors.length > 0) sentences.push(`${tensors.join(', ')}: ${says}`);
  }
  return sentences;
}

/** The case with other numbers in the last entry along an axis; null if nothing else would be left. */
function lastChanged(operator: Operator, c: Case, kind: AxisKind): Case | null {
  let isChanged = false;
  const inputs = mapTensors(c.inputs, (x, name) => {
    const axis = axisOf(operator, kind, 'inputs', name);
    if (axis === undefined || x.shape[axis]! < 2 || x.kind === 'index') return x;
    isChanged = true;
    const [length, after] = [x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))];
    // halves stay inside every domain that 0 closes
    return {
      ...x,
      data: x.data.map((value, i) => (Math.floor(i / after) % length === length - 1 ? value / 2 : value)),
    };
  });
  return isChanged ? { ...c, inputs } : null;
}

/** A change beyond this share of the largest number is no rounding. */
const noRounding = 1 / 1024;

/** Whether entries of an output other than the last change. */
function changes(operator: Operator, kind: AxisKind, tensor: string, before: Answered, after: Answered): boolean {
  const { name } = tensorOf(tensor);
  const axis = axisOf(operator, kind, 'outputs', name);
  const [x, y] = [before.get(tensor), after.get(tensor)];
  if (axis === undefined || growingAxis(operator, name) !== undefined || x?.data.length !== y?.data.length)
    return false;
  if (x === undefined || y === undefined) return false;
  const [length, span] = [x.shape[axis]!, sizeOf(x.shape.slice(axis + 1))];
  const size = x.data.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  return x.data.some(
    (value, i) => Math.floor(i / span) % length < length - 1 && Math.abs(value - y.data[i]!) > noRounding * size,
  );
}
