/**
 * @file Parses the signatures of operators, and derives shapes and axes. The letters are those of spec/GLOSSARY.md.
 *
 * `q bhtd, keys bhsd, skip? e, source.* btw, param.** -> output bhte, keys bh(s+t)d`
 *
 * - A letter is an axis. A prime marks a second axis of the same kind with another length (`g` and `g'`).
 * - A digit is an axis of that length, `(s+t)` an axis of length s + t, and `(hd)` one of length h·d.
 * - `en|enn` allows either shape. A term without letters allows any shape.
 * - `?` marks a term that may be absent. In a name, `*` stands for an index and `**` for any path.
 * - A name on both sides is a state.
 */
import type { Shape } from '../tensor/shape.ts';

/** An axis. Its length is that of one letter or digit, or the sum or product of several. */
export interface Axis {
  readonly letters: readonly string[];
  readonly join: 'sum' | 'product';
}

/** One term of a signature: a tensor, or several tensors whose names match a pattern. */
export interface Term {
  /** The name; it may contain `*` and `**`. */
  readonly pattern: string;
  readonly isOptional: boolean;
  /** The allowed shapes; empty if any shape is allowed. */
  readonly shapes: readonly (readonly Axis[])[];
}

/** The inputs or the outputs of an operator, in order. */
export type Side = readonly Term[];

/** A signature and its text. */
export interface Signature<Text extends string = string> {
  readonly text: Text;
  readonly inputs: Side;
  readonly outputs: Side;
}

/** The length of each letter. */
export type Lengths = Readonly<Record<string, number>>;

// caches: drawing cases asks for the same signatures and terms very often
const parsed = new Map<string, Signature>();
const found = new WeakMap<Side, Map<string, Term | undefined>>();

/** Parses a signature. Throws an Error if the text is not a valid signature. */
export function signatureOf<const Text extends string>(text: Text): Signature<Text> {
  let signature = parsed.get(text);
  if (signature === undefined) {
    signature = parse(text);
    parsed.set(text, signature);
  }
  return signature as Signature<Text>;
}

function parse(text: string): Signature {
  const [inputs, outputs, ...more] = text.split(' -> ');
  if (inputs === undefined || outputs === undefined || more.length > 0)
    throw new Error(`signature '${text}': expected 'inputs -> outputs'`);
  return { text, inputs: inputs.split(', ').map(termOf), outputs: outputs.split(', ').map(termOf) };
}

function termOf(text: string): Term {
  const [, pattern, mark, shapes] = /^([\w.*@]+)(\??)(?: (\S+))?$/.exec(text) ?? [];
  if (pattern === undefined) throw new Error(`signature: '${text}' is no name with letters, as 'q bhtd'`);
  return { pattern, isOptional: mark === '?', shapes: shapes === undefined ? [] : shapes.split('|').map(axesOf) };
}

/** Parses the letters of a shape: `bh(s+t)d` has four axes. Throws an Error if the text is not valid. */
export function axesOf(letters: string): readonly Axis[] {
  const parts = letters.match(/\([^)]*\)|[a-z]'?|\d/g) ?? [];
  if (parts.join('') !== letters) throw new Error(`signature: '${letters}' are no axes, as 'bh(s+t)d'`);
  return parts.map((part) => ({
    letters: part.match(/[a-z]'?|\d/g) ?? [],
    join: part.includes('+') ? 'sum' : 'product',
  }));
}

/** Whether a name matches a pattern: `source.*` matches `source.0`, `param.**` matches `param.layers.0.norm`. */
export function matches(pattern: string, name: string): boolean {
  if (pattern === name || !pattern.includes('*')) return pattern === name;
  const escaped = pattern.replaceAll('.', '\\.').replace(/\*+/g, (stars) => (stars === '*' ? '\\d+' : '.+'));
  return new RegExp(`^${escaped}$`).test(name);
}

/** Finds the term of a tensor; undefined if the side has none for the name. */
export function termIn(side: Side, name: string): Term | undefined {
  let terms = found.get(side);
  if (terms === undefined) {
    terms = new Map();
    found.set(side, terms);
  }
  if (!terms.has(name))
    terms.set(
      name,
      side.find(({ pattern }) => matches(pattern, name)),
    );
  return terms.get(name);
}

/** The index of a letter's axis in a tensor; undefined if the letter is absent or only part of a sum or product. */
export function axisIn(side: Side, letter: string, name: string): number | undefined {
  for (const axes of termIn(side, name)?.shapes ?? []) {
    const at = axes.findIndex(({ letters }) => letters.length === 1 && letters[0] === letter);
    if (at >= 0) return at;
  }
  return undefined;
}

/** The index of the axis that grows with a letter, as `(s+t)` grows with t; undefined if there is none. */
export function growingAxisIn(side: Side, letter: string, name: string): number | undefined {
  const [axes = []] = termIn(side, name)?.shapes ?? [];
  const at = axes.findIndex(({ letters, join }) => join === 'sum' && letters.includes(letter));
  return at < 0 ? undefined : at;
}

/** Whether any tensor of a side has an axis of this letter. */
export const hasAxis = (side: Side, letter: string): boolean =>
  side.some(({ pattern }) => axisIn(side, letter, pattern) !== undefined);

/** The letters of a tensor's axes, in the format of reports; undefined if the signature has no shape of that rank. */
export const lettersOf = (side: Side, name: string, rank: number): readonly string[] | undefined =>
  termIn(side, name)
    ?.shapes.find((axes) => axes.length === rank)
    ?.map(({ letters, join }) => letters.join(join === 'sum' ? '+' : '·'));

/** Computes the length of an axis. Throws an Error if a letter has no length. */
export function lengthOfAxis({ letters, join }: Axis, lengths: Lengths): number {
  let length = join === 'sum' ? 0 : 1;
  for (const letter of letters) {
    const own = lengths[letter] ?? Number(letter);
    if (Number.isNaN(own)) throw new Error(`signature: the letter '${letter}' has no length`);
    length = join === 'sum' ? length + own : length * own;
  }
  return length;
}

/** Computes the shape of a tensor; the first shape if its term allows several. Throws an Error if the term has no letters. */
export function shapeIn(side: Side, name: string, lengths: Lengths): Shape {
  const axes = termIn(side, name)?.shapes[0];
  if (axes === undefined) throw new Error(`signature: '${name}' has no letters, so its shape must be given`);
  return axes.map((axis) => lengthOfAxis(axis, lengths));
}

/** Reads letters' lengths from tensors: those of single-letter axes. Throws an Error if a letter has two different lengths. */
export function lengthsIn(side: Side, tensors: Readonly<Record<string, { readonly shape: Shape }>>): Lengths {
  const lengths: Record<string, number> = {};
  for (const [name, { shape }] of Object.entries(tensors)) {
    const axes = termIn(side, name)?.shapes.find((one) => one.length === shape.length) ?? [];
    axes.forEach(({ letters: [letter, ...more] }, axis) => {
      if (letter === undefined || more.length > 0) return;
      const length = shape[axis]!;
      const known = /\d/.test(letter) ? Number(letter) : lengths[letter];
      if (known !== undefined && known !== length)
        throw new Error(`signature: axis ${axis} of '${name}' [${shape}] is ${letter}, which is ${known} elsewhere`);
      lengths[letter] = length;
    });
  }
  return lengths;
}
