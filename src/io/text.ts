/** @file Text of others, made fit to be shown. */
import { stripVTControlCharacters } from 'node:util';

/**
 * Text of others on one line: without colours and control characters, cut when it is longer than `width`.
 * @example
 * plain('\u001b[31mno  such\nfile', 40) // 'no such file'
 */
export function plain(text: string, width: number): string {
  // colours are not counted
  const line = stripVTControlCharacters(text.slice(0, 4 * width))
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line.length > width ? `${line.slice(0, width)}…` : line;
}

/**
 * Text of others in quotes on one line: control characters are escaped, and it is cut when it is long.
 * @example
 * quoted('a\n') // '"a\\n"'
 */
export const quoted = (text: string): string => escaped(text.length > 120 ? `${text.slice(0, 120)}…` : text);

/**
 * The beginning of a value's JSON.
 * @example
 * shown([1, undefined, 'a']) // '[1,null,"a"]'
 */
export function shown(x: unknown): string {
  const text = x === undefined ? 'missing' : escaped(x);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** JSON without control characters, of which it allows those beyond 0x7f, and with -0, which it would write as 0. */
const escaped = (x: unknown): string =>
  JSON.stringify(x, (_, value: unknown) => (Object.is(value, -0) ? '-0' : value)).replace(
    /\p{Cc}/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
