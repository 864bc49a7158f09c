/** @file Places the arrays of a program in one memory. An array takes the place of others that are not needed any more. */
import type { Kernel } from '../text/kernel.ts';
import { mostSlack } from './quantities.ts';

/** An array of a program: an argument by number, a table, or the result of a kernel. */
export interface Place {
  readonly size: number;
  readonly source: number | Float32Array | null;
  /** Bytes from the beginning of memory. */
  address: number;
}

/** A launch: a kernel, its operands, which are arrays or numbers, and the array of its result. */
export interface Launch {
  readonly kernel: Kernel;
  readonly operands: readonly (Place | number)[];
  readonly result: Place;
}

/** The launches of a program, its results, and the arrays that need a place before the first launch. */
export interface Launches {
  readonly launches: readonly Launch[];
  readonly results: readonly Place[];
  readonly given: readonly Place[];
}

const page = 2 ** 16;
/** The first byte that is used. Those before keep reads inside memory. */
export const firstByte = page;
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Free bytes of memory, as ranges in order. The last range has no end. */
function freeFrom(first: number) {
  const free: [number, number][] = [[first, Number.POSITIVE_INFINITY]];
  let end = first;
  return {
    /** Takes the smallest range that is large enough. */
    take(bytes: number): number {
      const fits = free.filter(([from, to]) => to - from >= bytes);
      const range = fits.reduce((best, one) => (one[1] - one[0] < best[1] - best[0] ? one : best));
      const address = range[0];
      range[0] += bytes;
      if (range[0] === range[1]) free.splice(free.indexOf(range), 1);
      end = Math.max(end, address + bytes);
      return address;
    },
    give(address: number, bytes: number): void {
      const at = free.findIndex(([from]) => from > address);
      free.splice(at, 0, [address, address + bytes]);
      for (const k of [at, at - 1]) {
        if (k >= 0 && free[k]![1] === free[k + 1]?.[0]) free.splice(k, 2, [free[k]![0], free[k + 1]![1]]);
      }
    },
    end: () => end,
  };
}

/** Gives each array its address, after `room` bytes for the panels of products. Returns the number of pages of 64 KiB. */
export function placeArrays({ launches, results, given }: Launches, room: number): number {
  const last = new Map<Place, number>();
  for (const [k, { operands, result }] of launches.entries()) {
    last.set(result, k);
    for (const operand of operands) if (typeof operand !== 'number') last.set(operand, k);
  }
  for (const place of [...given, ...results]) last.set(place, launches.length);
  const memory = freeFrom(aligned(firstByte + room));
  for (const place of given) place.address = memory.take(aligned(4 * place.size));
  const ending = new Map<number, Place[]>();
  for (const [place, k] of last) ending.set(k, [...(ending.get(k) ?? []), place]);
  for (const [k, { result }] of launches.entries()) {
    result.address = memory.take(aligned(4 * result.size));
    for (const place of ending.get(k) ?? []) memory.give(place.address, aligned(4 * place.size));
  }
  return Math.ceil((memory.end() + 4 * mostSlack) / page) + 1;
}
