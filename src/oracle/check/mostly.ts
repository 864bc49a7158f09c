/** @file Describes a large tensor by its most frequent number and the few others. */
import { type Shape, stridesOf } from '../../tensor/shape.ts';
import type { Tensor } from '../case.ts';

/** The most other numbers that are listed. */
const mostOthers = 6;

/**
 * Describes a tensor of which nearly all numbers are equal, as `all 0 except [0, 3] = 1`; `shown` formats a number. Null if more numbers
 * differ.
 */
export function mostlyOne({ shape, data }: Tensor, shown: (x: number) => string): string | null {
  const counts = new Map<number, number>();
  for (const x of data) counts.set(x, (counts.get(x) ?? 0) + 1);
  const [most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0] as [number, number]);
  const others = [...data.keys()].filter((i) => data[i] !== most);
  if (others.length > mostOthers) return null;
  const except = others.map((i) => `[${positionOf(shape, i).join(', ')}] = ${shown(data[i]!)}`);
  return `all ${shown(most)}${except.length === 0 ? '' : ` except ${except.join(', ')}`}`;
}

const positionOf = (shape: Shape, element: number): number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(element / stride) % shape[axis]!);
