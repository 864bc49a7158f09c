/** @file Splits pages into the sections that a search finds, and sorts what it found. */
import { escaped } from './html.ts';
import type { Page } from './layout.ts';

/** A section: a heading and the text below it. */
export interface Section {
  /** Its address from the site's root. */
  readonly id: string;
  readonly heading: string;
  /** The title of its page. */
  readonly page: string;
  readonly text: string;
}

/** The fields that are searched, and those that results show, for MiniSearch. */
export const searchOptions = { fields: ['heading', 'page', 'text'], storeFields: ['heading', 'page'] };

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' };

/** The text of HTML, without formulas, programs and data. */
const textOf = (html: string): string =>
  html
    .replace(/<(script|math|pre|table class="heat")[\s\S]*?<\/(script|math|pre|table)>/g, ' ')
    .replace(/<nav[\s\S]*?<\/nav>|<div class="formula"[\s\S]*?<\/div>/g, ' ')
    .replace(/<\/?(code|em|strong|su[bp])>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(lt|gt|quot|amp);/g, (entity) => entities[entity]!)
    .replace(/\s+/g, ' ')
    .trim();

/** The sections of pages, in their order. A heading without an anchor belongs to the section before. */
export const sectionsOf = (pages: readonly Pick<Page, 'path' | 'title' | 'main'>[]): Section[] =>
  pages.flatMap(({ path, title, main }) =>
    main
      .split(/(?=<h1[ >]|<h[23] id=)/)
      .filter((part) => /^<h[123]/.test(part))
      .map((part) => {
        const [heading, rest] = part.split(/<\/h[123]>/) as [string, string];
        const anchor = heading.match(/^<h[23] id="([^"]+)"/)?.[1]?.replace(/^(eq-\d+)-name$/, '$1');
        return {
          id: anchor === undefined ? path : `${path}#${anchor}`,
          heading: textOf(heading),
          page: title.replace(' · densessm', '').replaceAll('`', ''),
          text: textOf(rest),
        };
      }),
  );

/** The words of a text in small letters, each after a space. */
const wordsOf = (text: string): string =>
  text
    .toLowerCase()
    .split(/[\s\p{P}]+/u)
    .map((word) => (word === '' ? '' : ` ${word}`))
    .join('');

/** How much a section counts by its page: explanations before declarations, and functions before types. */
function weightOf(id: string, heading: string): number {
  if (!id.startsWith('api/')) return 1;
  return / (type|interface)$/.test(heading) ? 0.2 : 0.5;
}

/** The way of searching, for MiniSearch: all words must be found, those of one or two letters as a whole, and only long ones with a slip. */
export const findOptions = {
  prefix: (word: string): boolean => word.length > 2,
  fuzzy: (word: string): number | boolean => (word.length > 5 ? 0.15 : false),
  combineWith: 'AND' as const,
  boost: { heading: 4, page: 2 },
  boostDocument: (id: string, _word: string, stored?: Readonly<Record<string, unknown>>): number =>
    weightOf(id, `${stored?.heading}`),
};

/** A section that was found, with the words that it has. */
export interface Found extends Pick<Section, 'id' | 'heading' | 'page'> {
  readonly terms: readonly string[];
}

/** Puts the sections first that have the words side by side. `texts` are those of the sections, by their addresses. */
export function besideFirst<T extends Found>(
  found: readonly T[],
  words: string,
  texts: Readonly<Record<string, string>>,
): T[] {
  const phrase = wordsOf(words);
  const isBeside = ({ id, heading }: T): boolean =>
    [heading, texts[id] ?? ''].some((text) => wordsOf(text).includes(phrase));
  return [...found.filter(isBeside), ...found.filter((one) => !isBeside(one))];
}

/** The characters of a text that a result shows. */
const excerptLength = 160;

/** The part of a section's text around the words that were found, as HTML with these marked. */
export function excerptOf(text: string, words: string, terms: readonly string[]): string {
  const low = text.toLowerCase();
  const sought = [words.trim().toLowerCase(), ...terms];
  const at = sought.map((one) => low.indexOf(one)).find((place) => place >= 0) ?? 0;
  const from = at < excerptLength / 2 ? 0 : text.indexOf(' ', at - excerptLength / 2) + 1;
  const to = from + excerptLength >= text.length ? text.length : text.lastIndexOf(' ', from + excerptLength);
  const part = text.slice(from, Math.max(to, at));
  const pattern = terms.map((term) => term.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&')).join('|');
  const marked = part.split(new RegExp(`(?<![\\p{L}\\p{N}])(${pattern})`, 'giu'));
  const html = marked.map((one, i) => (i % 2 === 1 ? `<mark>${escaped(one)}</mark>` : escaped(one))).join('');
  return `${from > 0 ? '… ' : ''}${html}${to < text.length ? ' …' : ''}`;
}
