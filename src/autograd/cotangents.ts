/** @file Accumulates cotangents during the backward pass. */
import { zerosLike } from '../tensor/operand.ts';
import { add } from '../tensor/primitives/add.ts';
import { concat } from '../tensor/primitives/concat.ts';
import type { SliceParams } from '../tensor/primitives/slice.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/** Cotangent of a slice of a value along one axis. */
interface Part extends SliceParams {
  readonly ct: Value;
}

/** Running sums of cotangents by position on the tape. */
export interface Accumulator {
  add(at: number, ct: Value): void;
  addPart(at: number, ct: Value, where: SliceParams): void;
  /** Whether anything was added at a position. */
  has(at: number): boolean;
  /** Returns the sum at a position, or null if nothing was added. */
  peek(at: number, primal: Value): Value | null;
  /** Returns the sum and frees it. */
  take(at: number, primal: Value): Value | null;
}

/**
 * Sums whole cotangents as they arrive. Cotangents of slices are joined by a concat when the sum is read. So T slices of a sequence
 * cost O(T), where T padded copies would cost O(T²).
 */
export function accumulator(size: number): Accumulator {
  const totals = new Array<Value | undefined>(size);
  const parts = new Array<Part[] | undefined>(size);
  const addTo = (at: number, ct: Value): void => {
    const total = totals[at];
    totals[at] = total === undefined ? ct : add(total, ct);
  };
  const peek = (at: number, primal: Value): Value | null => {
    const own = parts[at];
    if (own !== undefined) {
      for (const whole of join(own, primal.shape)) addTo(at, whole);
      parts[at] = undefined;
    }
    return totals[at] ?? null;
  };
  return {
    add: addTo,
    addPart(at, ct, where) {
      const part: Part = { ct, axis: where.axis, start: where.start, stop: where.stop };
      const list = parts[at];
      if (list === undefined) parts[at] = [part];
      else list.push(part);
    },
    has: (at) => totals[at] !== undefined || parts[at] !== undefined,
    peek,
    take(at, primal) {
      const total = peek(at, primal);
      totals[at] = undefined;
      return total;
    },
  };
}

/** Joins slices into whole cotangents of the given shape, as few as the overlaps of the slices allow. */
function join(parts: readonly Part[], shape: Shape): Value[] {
  const wholes: Value[] = [];
  let rest = [...parts].sort((a, b) => a.axis - b.axis || a.start - b.start);
  while (rest.length > 0) {
    const { axis } = rest[0]!;
    const left: Part[] = [];
    const row: Value[] = [];
    let stop = 0;
    const zerosTo = (end: number, like: Value): void => {
      if (end > stop)
        row.push(
          zerosLike(
            like,
            shape.map((length, i) => (i === axis ? end - stop : length)),
          ),
        );
      stop = end;
    };
    for (const part of rest) {
      if (part.axis !== axis || part.start < stop) {
        left.push(part);
        continue;
      }
      zerosTo(part.start, part.ct);
      row.push(part.ct);
      stop = part.stop;
    }
    zerosTo(shape[axis]!, rest[0]!.ct);
    wholes.push(concat(row, axis));
    rest = left;
  }
  return wholes;
}
