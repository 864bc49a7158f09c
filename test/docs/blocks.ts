/** @file Parts of pages that are made: what stands between `<!-- kind: name -->` and `<!-- end -->`. */

const marked = /^(<!-- (\w+): (.+) -->)\n([\s\S]*?)^<!-- end -->$/gm;

/** A made part of a page. */
export interface Block {
  /** What makes it. */
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

/** The made parts of a page, in order. */
export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(marked)].map(([, , kind, name, text]) => ({ kind: kind!, name: name!, text: text! }));

/** A page with its made parts made again; `make` gives the new text, which ends with a line break. */
export const withBlocks = (page: string, make: (block: Block) => string): string =>
  page.replace(marked, (_, open, kind, name, text) => `${open}\n${make({ kind, name, text })}<!-- end -->`);

/** Lines as a page shows what a program prints. */
export const fenced = (lines: readonly string[]): string => `\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n`;
