/** @file Frames a page: its head, navigation and foot. */
import { escaped, link, relativeTo } from './html.ts';

/** A page of the site. */
export interface Page {
  /** Its address from the site's root. */
  readonly path: string;
  readonly title: string;
  readonly description: string;
  /** HTML of what is between navigation and foot. */
  readonly main: string;
  /** The file that it is written from, in the repository; none if it is put together of several. */
  readonly source?: string;
  /** The programs that it loads, from the site's root; none by default. */
  readonly scripts?: readonly string[];
}

/** The places that the navigation leads to. */
const places = [
  ['index.html#equations', 'Equations'],
  ['lab/index.html', 'Labs'],
  ['docs/readings.html', 'Readings'],
  ['docs/index.html', 'Docs'],
  ['api/index.html', 'API'],
  ['search.html', 'Search'],
] as const;

/** A link to change the file of a page, where the repository has an address; else nothing. */
const editLink = (source: string | undefined, repository: string | undefined): string =>
  source === undefined || repository === undefined
    ? ''
    : `${link(`${repository.replace(/^git\+|\.git$/g, '')}/edit/main/${source}`, 'Edit this page')}. `;

/** The HTML of a page. `repository` is the address that package.json gives, if it does. */
export function framed({ path, title, description, main, source, scripts = [] }: Page, repository?: string): string {
  const to = (place: string): string => relativeTo(path, place);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escaped(description)}">
<title>${escaped(title)}</title>
<link rel="icon" href="${to('assets/icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${to('assets/katex.min.css')}">
<link rel="stylesheet" href="${to('assets/style.css')}">
${[...scripts, 'assets/offline.js'].map((script) => `<script type="module" src="${to(script)}"></script>\n`).join('')}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="name" href="${to('index.html')}">densessm</a>
<nav aria-label="Site">${places.map(([place, name]) => link(to(place), name)).join('\n')}</nav>
</header>
<main id="main">
${main}
</main>
<footer>${editLink(source, repository)}Made from the specification and its tests by <code>npm run site</code>. Apache-2.0.</footer>
</body>
</html>
`;
}
