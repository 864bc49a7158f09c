/** @file Follows links between pages: those that lead nowhere, and those back from a file of spec/ to the pages that explain it. */
import { posix } from 'node:path';
import { escaped } from './html.ts';
import type { Page } from './layout.ts';

/** One line for each link to a page or an anchor that does not exist. */
export function brokenLinks(pages: readonly Pick<Page, 'path' | 'main'>[]): string[] {
  const anchors = new Map(
    pages.map(({ path, main }) => [path, new Set([...main.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!))]),
  );
  return pages.flatMap(({ path, main }) =>
    [...main.matchAll(/<a [^>]*?href="([^"]+)"/g)].flatMap(([, to]) => {
      if (/^[a-z]+:/.test(to!)) return [];
      const [place, anchor] = to!.split('#') as [string, string?];
      // a query sets the state of a page
      const file = place.split('?')[0]!;
      const page = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file));
      const found = anchors.get(page);
      if (found === undefined) return [`${path}: ${to} leads to no page`];
      return anchor === undefined || anchor === '' || found.has(decodeURIComponent(anchor))
        ? []
        : [`${path}: ${to} leads to no anchor of ${page}`];
    }),
  );
}

/** The pages that list all of spec/, and explain no file of it in particular. */
const lists = /^docs\/(equations|reading-the-spec)\.html$/;

/** A section of a page that links to a file of spec/. */
export interface Mention {
  /** Its address from the site's root. */
  readonly to: string;
  readonly title: string;
}

/** The sections of docs/ that link to files of spec/, by the addresses of the files' pages: the first of each page. */
export function mentions(
  pages: readonly Pick<Page, 'path' | 'title' | 'main'>[],
): ReadonlyMap<string, readonly Mention[]> {
  const found = new Map<string, Mention[]>();
  for (const { path, title, main } of pages.filter(({ path }) => path.startsWith('docs/') && !lists.test(path))) {
    const links = [...main.matchAll(/<a href="\.\.\/(spec\/[\w-]+\.html)/g)];
    for (const [i, { 1: to, index }] of links.entries()) {
      if (links.findIndex(([, other]) => other === to) < i) continue;
      const section = [...main.slice(0, index).matchAll(/<h[23] id="([^"]+)">(.*?)<\/h/g)].at(-1);
      const name = title.replace(' · densessm', '');
      const mention =
        section === undefined
          ? { to: path, title: escaped(name) }
          : { to: `${path}#${section[1]}`, title: `${escaped(name)}: ${section[2]}` };
      found.set(to!, [...(found.get(to!) ?? []), mention]);
    }
  }
  return found;
}
