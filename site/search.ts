/** @file Splits pages into the sections that a search finds. */
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
    .replace(/<div class="formula"[\s\S]*?<\/div>/g, ' ')
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
