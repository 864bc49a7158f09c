/** @file Describes positions along an axis by a common pattern: all, one, a run, equal steps, or a place within chunks. */

/** An axis in the words of reports. */
export interface NamedAxis {
  /** The word for one position: `token`, `head`, or the letter of the signature. */
  readonly one: string;
  readonly many: string;
  readonly length: number;
  /** The length of the chunks along it, if there are any. */
  readonly chunk: number | null;
}

/** Describes positions along an axis; ascending, at least one. Returns null if the axis has only one. */
export function along({ one, many, length, chunk }: NamedAxis, found: readonly number[]): string | null {
  if (length === 1) return null;
  if (found.length === length) return `every ${one}`;
  const [first, last] = [found[0]!, found.at(-1)!];
  const isRun = last - first + 1 === found.length;
  const toEnd = isRun && last === length - 1;
  if (chunk !== null && chunk < length) {
    const inChunks = placesInChunks(found, length, chunk);
    if (inChunks !== null) return inChunks;
  }
  if (first === 0 && last === 0) return `the first ${one} only`;
  if (found.length === 1) return toEnd ? `the last ${one} only, of ${length}` : `only ${one} ${first} of ${length}`;
  if (toEnd) return `from ${one} ${first} of ${length} on`;
  if (isRun) return `${many} ${first} to ${last} of ${length}`;
  const step = found[1]! - first;
  const isEven = found.length > 2 && found.every((x, i) => x === first + i * step) && last + step >= length;
  return isEven ? `each ${ordinal(step)} ${one} from ${first} on, of ${length}` : `${many} ${some(found)} of ${length}`;
}

const ordinal = (n: number): string => ({ 2: 'second', 3: 'third' })[n] ?? `${n}th`;

/** Describes positions by their chunks; null if chunks explain nothing. */
function placesInChunks(found: readonly number[], length: number, chunk: number): string | null {
  const [first, last] = [found[0]!, found.at(-1)!];
  if (last - first + 1 === found.length && last === length - 1 && first % chunk === 0) {
    return length - first < chunk
      ? `the last, incomplete chunk, from token ${first} of ${length} (chunks of ${chunk})`
      : `from token ${first} of ${length} on, where a chunk of ${chunk} begins`;
  }
  if (chunk === 1) return null;
  const isAll = (place: number, from: number): boolean => {
    const all = Array.from({ length }, (_, t) => t).filter((t) => t >= from && t % chunk === place);
    return all.length > 1 && all.length === found.length && all.every((t, i) => t === found[i]);
  };
  if (isAll(0, 0)) return `the first token of each chunk of ${chunk}`;
  if (isAll(0, chunk)) return `the first token of each chunk of ${chunk} but the first`;
  if (isAll(chunk - 1, 0)) return `the last token of each chunk of ${chunk}`;
  return null;
}

/** Lists numbers, at most six of them. */
export const some = (numbers: readonly (number | string)[]): string =>
  numbers.length <= 6 ? numbers.join(', ') : `${numbers.slice(0, 6).join(', ')}, …`;
