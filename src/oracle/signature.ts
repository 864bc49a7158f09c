/**
 * @file Signatures: what an operator takes and gives, in the letters of spec/GLOSSARY.md, and the shapes and axes that follow.
 *
 * `q bhtd, keys bhsd, skip? e, source.* btw, param.** -> output bhte, keys bh(s+t)d`
 *
 * A letter is an axis, with a prime where two axes of one kind differ in length (`g` and `g'`); a digit is an axis of that length; `(s+t)`
 * is an axis as long as s and t together, `(hd)` one of h·d; `en|enn` is one shape or the other. A term that may be absent has a `?`; in a
 * name `*` stands for an index and `**` for any path; a term without letters has any shape. A name on both sides is a state.
 */
import type { Shape } from '../tensor/shape.ts';

/** An axis: one letter or digit, or several that are added or multiplied. */
export interface Axis {
  readonly letters: readonly string[];
  readonly join: 'sum' | 'product';
}

/** A tensor of a signature. */
export interface Term {
  /** The name, with `*` and `**`. */
  readonly pattern: string;
  readonly isOptional: boolean;
  /** The shapes that it may have; none where it may have any. */
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

// drawing a case asks for signatures and terms again and again
const parsed = new Map<string, Signature>();
const found = new WeakMap<Side, Map<string, Term | undefined>>();

/** Reads a signature. Throws an Error where the text is none. */
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

/** The axes of a shape's letters: `bh(s+t)d` has four. */
export function axesOf(letters: string): readonly Axis[] {
  const parts = letters.match(/\([^)]*\)|[a-z]'?|\d/g) ?? [];
  if (parts.join('') !== letters) throw new Error(`signature: '${letters}' are no axes, as 'bh(s+t)d'`);
  return parts.map((part) => ({
    letters: part.match(/[a-z]'?|\d/g) ?? [],
    join: part.includes('+') ? 'sum' : 'product',
  }));
}

/** Whether a name is one that a pattern stands for: `source.*` stands for `source.0`, `param.**` for `param.layers.0.norm`. */
export function matches(pattern: string, name: string): boolean {
  if (pattern === name || !pattern.includes('*')) return pattern === name;
  const escaped = pattern.replaceAll('.', '\\.').replace(/\*+/g, (stars) => (stars === '*' ? '\\d+' : '.+'));
  return new RegExp(`^${escaped}$`).test(name);
}

/** The term of a tensor; undefined where a side has none of that name. */
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

/** The axis of a letter in a tensor; undefined where there is none, or only within a sum or product. */
export function axisIn(side: Side, letter: string, name: string): number | undefined {
  for (const axes of termIn(side, name)?.shapes ?? []) {
    const at = axes.findIndex(({ letters }) => letters.length === 1 && letters[0] === letter);
    if (at >= 0) return at;
  }
  return undefined;
}

/** The axis of a tensor that grows with a letter, as `(s+t)` does with t; undefined where none does. */
export function growingAxisIn(side: Side, letter: string, name: string): number | undefined {
  const [axes = []] = termIn(side, name)?.shapes ?? [];
  const at = axes.findIndex(({ letters, join }) => join === 'sum' && letters.includes(letter));
  return at < 0 ? undefined : at;
}

/** Whether any tensor of a side has an axis of a letter. */
export const hasAxis = (side: Side, letter: string): boolean =>
  side.some(({ pattern }) => axisIn(side, letter, pattern) !== undefined);

/** The letters of a tensor's axes, as reports print them; undefined where the signature does not say. */
export const lettersOf = (side: Side, name: string, rank: number): readonly string[] | undefined =>
  termIn(side, name)
    ?.shapes.find((axes) => axes.length === rank)
    ?.map(({ letters, join }) => letters.join(join === 'sum' ? '+' : '·'));

/** The length of an axis. Throws an Error where a letter has none. */
export function lengthOfAxis({ letters, join }: Axis, lengths: Lengths): number {
  let length = join === 'sum' ? 0 : 1;
  for (const letter of letters) {
    const own = lengths[letter] ?? Number(letter);
    if (Number.isNaN(own)) throw new Error(`signature: the letter '${letter}' has no length`);
    length = join === 'sum' ? length + own : length * own;
  }
  return length;
}

/** The shape of a tensor, the first one where its term has several. Throws an Error where the signature does not say. */
export function shapeIn(side: Side, name: string, lengths: Lengths): Shape {
  const axes = termIn(side, name)?.shapes[0];
  if (axes === undefined) throw new Error(`signature: '${name}' has no letters, so its shape must be given`);
  return axes.map((axis) => lengthOfAxis(axis, lengths));
}

/** The length of every letter that stands alone in an axis of some tensors. Throws an Error where two lengths of a letter differ. */
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
