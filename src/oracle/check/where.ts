/** @file Describes the places of wrong numbers in a tensor: tokens, sequences, heads and chunks. */
import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { type AxisKind, axisOf } from '../axes.ts';
import type { Settings } from '../case.ts';
import type { Operator } from '../operator.ts';
import { lettersOf } from '../signature.ts';
import type { Mismatch } from './judged.ts';

/** A tensor of an answer, with its wrong elements marked. */
export interface Marked {
  /** The name, as in answers: `out/…` or `grad/…`. */
  readonly tensor: string;
  readonly shape: Shape;
  readonly isWrong: readonly boolean[];
}

/** Splits an answer's tensor name into the side and the signature's name. */
function tensorOf(tensor: string): { readonly side: 'inputs' | 'outputs'; readonly name: string } {
  const at = tensor.indexOf('/');
  return { side: tensor.slice(0, at) === 'out' ? 'outputs' : 'inputs', name: tensor.slice(at + 1) };
}

/** The index of the axis of a kind in a tensor of an answer; undefined if there is none. */
export function answerAxis(operator: Operator, kind: AxisKind, tensor: string): number | undefined {
  const { side, name } = tensorOf(tensor);
  return axisOf(operator, kind, side, name);
}

/** Formats an element's indices with the letters of the signature: `[b 0, h 1, t 3, e 2]`. */
export function placeOf(operator: Operator, tensor: string, shape: Shape, at: number): string {
  const { side, name } = tensorOf(tensor);
  const letters = lettersOf(operator.signature[side], name, shape.length);
  const strides = stridesOf(shape);
  const parts = shape.map((length, axis) => {
    const letter = letters?.[axis];
    const position = Math.floor(at / strides[axis]!) % length;
    return letter === undefined ? `${position}` : `${letter} ${position}`;
  });
  return `[${parts.join(', ')}]`;
}

/** Writes a sentence about a mismatch: the worst number, its expected value, and the allowed difference. */
export function sentenceOf(
  operator: Operator,
  { kind, tensor, message, worst, wrong }: Mismatch,
  shape: Shape,
): string {
  if (worst === null || kind === 'biased') return message;
  const { element, answered, expected, bound } = worst;
  const place = `${tensor}${placeOf(operator, tensor, shape, element)}`;
  const off = Number.isFinite(answered - expected)
    ? `off by ${brief(Math.abs(answered - expected))} where ${brief(bound)} is allowed`
    : 'no rounding does that';
  const why = bound === 0 ? 'nothing is rounded here, so it must be exactly that' : off;
  return `${place} is ${answered}, not ${expected}: ${why}; ${wrong.length} of ${sizeOf(shape)} numbers of ${tensor} are wrong`;
}

const brief = (x: number): string => Number(x.toPrecision(2)).toString();

/** The indices along an axis that have a wrong number. */
function wrongAlong({ shape, isWrong }: Marked, axis: number): number[] {
  const stride = stridesOf(shape)[axis]!;
  const found = new Set<number>();
  isWrong.forEach((wrong, i) => {
    if (wrong) found.add(Math.floor(i / stride) % shape[axis]!);
  });
  return [...found].sort((a, b) => a - b);
}

/** Writes a sentence about the wrong numbers of a tensor, by tokens, sequences and heads. */
export function whereWrong(operator: Operator, marked: Marked, settings: Settings, mode: string): string {
  const t = answerAxis(operator, 'time', marked.tensor);
  const total = marked.isWrong.length;
  const count = marked.isWrong.filter(Boolean).length;
  const parts = [`${count} of ${total} numbers`];
  if (t !== undefined) {
    const chunk = mode === 'chunkwise' && typeof settings.chunkSize === 'number' ? settings.chunkSize : null;
    parts.push(alongTime(wrongAlong(marked, t), marked.shape[t]!, chunk));
  }
  for (const [kind, what] of [
    ['batch', 'sequence'],
    ['head', 'head'],
  ] as const) {
    const axis = answerAxis(operator, kind, marked.tensor);
    if (axis === undefined || marked.shape[axis]! < 2) continue;
    const found = wrongAlong(marked, axis);
    if (found.length < marked.shape[axis]!) {
      parts.push(`only ${what}${found.length > 1 ? 's' : ''} ${found.join(' and ')} of ${marked.shape[axis]}`);
    } else parts.push(`every ${what}`);
  }
  return parts.join('; ');
}

/** Describes the wrong tokens by a common pattern: all, a run, the rest from a token on, or a position within chunks. */
function alongTime(wrong: readonly number[], length: number, chunk: number | null): string {
  const [first, last] = [wrong[0]!, wrong.at(-1)!];
  if (length === 1) return 'the only token';
  if (wrong.length === length) return 'every token';
  const isRun = last - first + 1 === wrong.length;
  const toEnd = isRun && last === length - 1;
  if (chunk !== null && chunk > 1) {
    if (wrong.every((t) => t % chunk === 0)) return `the first token of ${chunk}-token chunks (${some(wrong)})`;
    if (wrong.every((t) => t % chunk === chunk - 1)) return `the last token of ${chunk}-token chunks (${some(wrong)})`;
  }
  if (chunk !== null && toEnd && first % chunk === 0) {
    const ragged = length % chunk !== 0 && first === length - (length % chunk);
    return ragged
      ? `the last, incomplete chunk, from token ${first} of ${length} (chunks of ${chunk})`
      : `from token ${first} of ${length} on, where a chunk of ${chunk} begins`;
  }
  if (toEnd) return first === length - 1 ? `the last token of ${length}` : `from token ${first} of ${length} on`;
  if (isRun && first === 0) return first === last ? 'the first token only' : `tokens 0 to ${last} of ${length}`;
  return `tokens ${some(wrong)} of ${length}`;
}

const some = (numbers: readonly number[]): string =>
  numbers.length <= 6 ? numbers.join(', ') : `${numbers.slice(0, 6).join(', ')}, …`;
