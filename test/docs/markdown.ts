/** @file Writes Markdown: tables, lists of code, links, parts of pages. */

/** Formats a table with a header row. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The anchor of a heading, as GitHub generates it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

/** Formats a part of a page: a text with an empty line before and after. */
export const block = (text: string): string => `\n${text}\n\n`;

/** Formats names as code, separated by commas. */
export const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
