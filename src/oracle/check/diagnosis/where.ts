/** @file Describes the places of wrong numbers in a tensor: by the axes of the signature. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import type { Settings } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import { lettersOf } from '../../signature.ts';
import type { Mismatch } from '../verdict/judged.ts';
import { along, type NamedAxis, some } from './along.ts';

/** A tensor of an answer, with its wrong elements marked. */
export interface Marked {
  /** The name, as in answers: `out/…` or `grad/…`. */
  readonly tensor: string;
  readonly shape: Shape;
  readonly isWrong: readonly boolean[];
}

/** Splits an answer's tensor name into the side and the signature's name. */
export function tensorOf(tensor: string): { readonly side: 'inputs' | 'outputs'; readonly name: string } {
  const at = tensor.indexOf('/');
  return { side: tensor.slice(0, at) === 'out' ? 'outputs' : 'inputs', name: tensor.slice(at + 1) };
}

/** Formats an element's indices with the letters of the signature: `[b 0, h 1, t 3, e 2]`. */
export function placeOf(operator: Operator, tensor: string, shape: Shape, at: number): string {
  const { side, name } = tensorOf(tensor);
  const letters = lettersOf(operator.signature[side], name, shape.length);
  // the row of a packed batch is the only one
  return placeAmong(letters, shape, at, operator.batched === undefined ? undefined : '1');
}

/** Formats an element's indices with the letters of its axes, without an axis of the letter `without`. */
export function placeAmong(letters: readonly string[] | undefined, shape: Shape, at: number, without?: string): string {
  const strides = stridesOf(shape);
  const parts = shape.flatMap((length, axis) => {
    const letter = letters?.[axis];
    if (letter !== undefined && letter === without) return [];
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
  if (worst === null) return message;
  const { element, answered, expected, bound, ratio } = worst;
  const place = `${tensor}${placeOf(operator, tensor, shape, element)}`;
  if (kind === 'biased') {
    const howFar = `${brief(ratio)} × what is allowed`;
    return `errors of many numbers together are ${howFar}, each alone is not; most of that comes from ${place}, which is ${shown(answered)}, not ${shown(expected)}`;
  }
  const off = Number.isFinite(answered - expected)
    ? `off by ${brief(Math.abs(answered - expected))} where ${brief(bound)} is allowed`
    : 'no rounding does that';
  const why = bound === 0 ? 'nothing is rounded here, so it must be exactly that' : off;
  return `${place} is ${shown(answered)}, not ${shown(expected)}: ${why}; ${wrong.length} of ${sizeOf(shape)} numbers of ${tensor} are wrong`;
}

/** A number in the words of reports: with ∞ and −0. */
export const shown = (x: number): string => (Object.is(x, -0) ? '-0' : `${x}`.replace('Infinity', '∞'));

/** A number in two digits. */
export const brief = (x: number): string => Number(x.toPrecision(2)).toString();

/** The words for positions along some axes. Other axes have their letters. */
const words: Readonly<Record<string, readonly [one: string, many: string]>> = {
  b: ['sequence', 'sequences'],
  h: ['head', 'heads'],
  t: ['token', 'tokens'],
};

/** The axes of a tensor of an answer, in the words of reports. */
export function namedAxes(
  operator: Operator,
  { tensor, shape }: Pick<Marked, 'tensor' | 'shape'>,
  { chunkSize }: Settings,
  mode: string,
): NamedAxis[] {
  const { side, name } = tensorOf(tensor);
  const letters = lettersOf(operator.signature[side], name, shape.length) ?? [];
  // the chunks of a batch are those of its sequences
  const hasChunks = mode === 'chunkwise' && operator.batched === undefined;
  const chunk = hasChunks && typeof chunkSize === 'number' ? chunkSize : null;
  return shape.map((length, axis) => {
    const letter = letters[axis] ?? `axis ${axis}`;
    const twice = letters.filter((one) => one === letter).length > 1;
    const own = letter in (operator.groups ?? {}) ? (['group', 'groups'] as const) : words[letter];
    const [one, many] = own ?? Array<string>(2).fill(twice ? `${letter} (axis ${axis})` : letter);
    return { one: one!, many: many!, length, chunk: letter === 't' ? chunk : null };
  });
}

/** Describes tokens of packed sequences, which have these lengths: in which sequences they are, and where. */
function inSequences(lengths: readonly number[], found: readonly number[]): string | null {
  const length = lengths.reduce((sum, one) => sum + one, 0);
  const tokens = { one: 'token', many: 'tokens', length, chunk: null };
  if (lengths.length === 1) return along(tokens, found);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, one) => sum + one, 0));
  const ownerOf = (t: number): number => starts.findLastIndex((start, i) => start <= t && lengths[i]! > 0);
  const owners = [...new Set(found.map(ownerOf))];
  const which = owners.length === 1 ? `sequence ${owners[0]}` : `sequences ${some(owners)}`;
  const places = found.map((t) => t - starts[ownerOf(t)]!);
  const isFirst = places.every((place) => place === 0) && owners.some((i) => lengths[i]! > 1);
  return `in ${which} of ${lengths.length}${isFirst ? ', the first token' : ''}`;
}

/** The indices along an axis that have a wrong number. */
function wrongAlong({ shape, isWrong }: Marked, axis: number): number[] {
  const stride = stridesOf(shape)[axis]!;
  const found = new Set<number>();
  isWrong.forEach((wrong, i) => {
    if (wrong) found.add(Math.floor(i / stride) % shape[axis]!);
  });
  return [...found].sort((a, b) => a - b);
}

/** Writes a sentence about the wrong numbers of a tensor, axis by axis. Axes with wrong numbers everywhere come last, together. */
export function whereWrong(operator: Operator, marked: Marked, settings: Settings, mode: string): string {
  const count = marked.isWrong.filter(Boolean).length;
  const axes = namedAxes(operator, marked, settings, mode);
  const lengths = operator.batched?.kind === 'packed' ? (settings.lengths as readonly number[]) : null;
  const found = axes.flatMap((axis, at) => {
    const wrong = wrongAlong(marked, at);
    return (lengths !== null && axis.one === 'token' ? inSequences(lengths, wrong) : along(axis, wrong)) ?? [];
  });
  const isEvery = (text: string): boolean => /^every \D*$/.test(text);
  const every = found.filter(isEvery).map((text) => text.replace('every ', ''));
  return [
    `${count} of ${marked.isWrong.length} numbers`,
    ...found.filter((text) => !isEvery(text)),
    ...(every.length === 0 || count === marked.isWrong.length ? [] : [`in every ${every.join(' and ')}`]),
  ].join('; ');
}
