/** @file Finds links between pages that lead nowhere. */
import { posix } from 'node:path';
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
