/** @file What a stranger's program prints, made fit to be shown. */
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/**
 * Text of others on one line: without colours and control characters, cut when it is longer than `width`.
 * @example
 * plain('\u001b[31mno  such\nfile', 40) // 'no such file'
 */
export function plain(text: string, width: number): string {
  const line = stripVTControlCharacters(text.slice(0, 4 * width))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return line.length > width ? `${line.slice(0, width)}…` : line;
}

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
        .filter((line) => line.trim() !== '')
        .slice(-count)
        .map((line) => plain(line, width));
      kept = [...kept, ...lines].slice(-count);
    },
    lines: () => [...kept, plain(open, width)].filter((line) => line !== '').slice(-count),
  };
}
