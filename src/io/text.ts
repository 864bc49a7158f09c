/** @file Cleans foreign text before it is printed or quoted. */

/**
 * A foreign line without colours and control characters, cut when it is longer than `width`.
 * @example
 * printable('\u001b[31m  no\tsuch file\u0007', 40) // '  no such file'
 */
export const printable = (text: string, width: number): string => cut(cleaned(text, width).trimEnd(), width);

/**
 * Foreign text for use in a sentence: as {@link printable}, on one line, with single spaces.
 * @example
 * plain('\u001b[31mno  such\nfile', 40) // 'no such file'
 */
export const plain = (text: string, width: number): string =>
  cut(cleaned(text, width).replace(/\s+/g, ' ').trim(), width);

/**
 * Foreign text in quotes on one line: control characters are escaped, and long text is cut.
 * @example
 * quoted('a\n') // '"a\\n"'
 */
export function quoted(text: string): string {
  const short = cut(text, 120);
  return needsNoEscape.test(short) ? `"${short}"` : escaped(short);
}

/** Printable ASCII without quotes and backslashes: most names. Callers quote them before there is an error. */
const needsNoEscape = /^[ !#-[\]-~]*$/;

/**
 * A number with its noun.
 * @example
 * [amount(1, 'case'), amount(2, 'case')] // ['1 case', '2 cases']
 */
export const amount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/**
 * The beginning of a value's JSON.
 * @example
 * shown([1, undefined, 'a']) // '[1,null,"a"]'
 */
export const shown = (x: unknown): string => cut(x === undefined ? 'missing' : escaped(x), 80);

const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width)}…` : text);

/** The beginning of a text without colours, which may take most of it, and with spaces for control characters. */
const cleaned = (text: string, width: number): string =>
  text
    .slice(0, 4 * width)
    .replace(sequences, '')
    .replace(/\p{Cc}/gu, ' ');

/** Control sequences of terminals (ECMA-48): CSI, which colours are, OSC, which titles and links are, and those of few letters. */
const sequences = new RegExp(
  [
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`,
    String.raw`(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)`,
    String.raw`\u001b[ -/]*[0-~]`,
  ].join('|'),
  'g',
);

/** JSON with control characters escaped (JSON itself allows those beyond 0x7f) and with -0 as text (JSON would write 0). */
const escaped = (x: unknown): string =>
  JSON.stringify(x, (_, value: unknown) => (Object.is(value, -0) ? '-0' : value)).replace(
    /\p{Cc}/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
