/** @file Writes HTML from texts: escaped, in tags, with code between backticks. */

/** A text as HTML shows it. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A text with `code` between backticks. */
export const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** HTML whose letters have their indices below and their exponents above the line, outside code: h_0, Ā^t, h^{l−1}. */
export const indexed = (html: string): string =>
  html
    .split(/(<code>.*?<\/code>)/)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part
            .replace(/(?<![\p{L}\p{N}_])(\p{L}\p{M}*′*)_(?:(\w)|\{([^}]*)\})(?![\p{L}\p{N}_])/gu, '$1<sub>$2$3</sub>')
            .replace(/(?<![\p{L}\p{N}_])(\p{L}\p{M}*′*)\^(?:(\w)|\{([^}]*)\})(?![\p{L}\p{N}_])/gu, '$1<sup>$2$3</sup>'),
    )
    .join('');

/** Names as code, separated by commas. */
export const codeList = (names: readonly string[]): string =>
  names.map((name) => `<code>${escaped(name)}</code>`).join(', ');

/** A link. */
export const link = (to: string, content: string): string => `<a href="${escaped(to)}">${content}</a>`;

/** The address of one page from another, both relative to the site's root. */
export function relativeTo(from: string, to: string): string {
  const up = from.split('/').length - 1;
  return '../'.repeat(up) + to;
}
