/** @file Keeps the last lines that a program writes on standard error. */
import { StringDecoder } from 'node:string_decoder';
import { printable } from '../../io/text.ts';

/** The end of a stream of text. */
export interface LastLines {
  push(chunk: Uint8Array): void;
  lines(): string[];
}

/**
 * Keeps the last `count` lines of a stream that are not blank, each cut at `width` characters: memory is bounded however much
 * comes. A progress bar's carriage returns end lines too.
 * @example
 * const end = lastLines(2, 80); end.push(Buffer.from('one\ntwo\n\nthr')); end.push(Buffer.from('ee'));
 * end.lines() // ['two', 'three']
 */
export function lastLines(count: number, width: number): LastLines {
  const decoder = new StringDecoder('utf8');
  let kept: string[] = [];
  let open = ''; // the line that has not ended
  return {
    push(chunk) {
      const pieces = (open + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))).split(/[\r\n]+/);
      open = pieces.pop()!.slice(0, 4 * width);
      const lines = pieces
        .slice(-10 * count) // enough, and no flood is looked at line by line
        .map((line) => printable(line, width))
        .filter((line) => line !== '');
      kept = [...kept, ...lines].slice(-count);
    },
    lines: () => [...kept, printable(open, width)].filter((line) => line !== '').slice(-count),
  };
}
