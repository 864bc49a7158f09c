/** @file Lays out sequences along one axis of an array, for the kernels of scans and convolutions. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { divide } from '../text/places.ts';

/** A batch of sequences: `outer` blocks of `length` tokens of `inner` channels. */
export interface Layout {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
}

/** The layout of tokens along one axis of a shape. */
export const layoutOf = (shape: Shape, axis: number, reverse: boolean): Layout => ({
  outer: sizeOf(shape.slice(0, axis)),
  length: shape[axis]!,
  inner: sizeOf(shape.slice(axis + 1)),
  reverse,
});

/** Writes statements for the channel `c`, token `t` and block `o` of element `i`, and the offset `start` of its first token. */
export const tokenOf = ({ length, inner }: Layout): string =>
  [divide('i', inner, 'q', 'c'), divide('q', length, 'o', 't'), `const start = o * ${length * inner} + c;`].join('\n');

/** A power of two near x, at least `least`. */
export const powerNear = (x: number, least: number): number => Math.max(least, 2 ** Math.round(Math.log2(x)));
