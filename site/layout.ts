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
  /** The programs that those load first, from the site's root. */
  readonly modules?: readonly string[];
}

/** What a page is framed with, apart from its own content. */
export interface Surroundings {
  /** The repository as package.json gives it, if it does. */
  readonly repository?: PackageFile['repository'] | undefined;
  /** What programs import at once: the addresses of programs, from the site's root. */
  readonly imports?: Readonly<Record<string, readonly string[]>>;
}

/** The fonts that nearly every formula has. */
const fonts = ['assets/fonts/KaTeX_Main-Regular.woff2', 'assets/fonts/KaTeX_Math-Italic.woff2'];

/** The places that the navigation leads to. */
const places = [
  ['index.html#equations', 'Equations'],
  ['lab/index.html', 'Labs'],
  ['docs/readings.html', 'Readings'],
  ['docs/index.html', 'Docs'],
  ['api/index.html', 'API'],
  ['search.html', 'Search'],
] as const;

/** The part of package.json that pages use. npm takes an address, or a short form of it, in either way. */
export interface PackageFile {
  readonly repository?: string | { readonly url: string };
}

const hosts: Readonly<Record<string, string>> = {
  github: 'github.com',
  gitlab: 'gitlab.com',
  bitbucket: 'bitbucket.org',
};

/**
 * The address of a repository in a browser, from the ways in which package.json may have it; undefined if it is none of them.
 * @example
 * browserAddress('github:team/densessm') // 'https://github.com/team/densessm'
 */
export function browserAddress(repository: PackageFile['repository']): string | undefined {
  const text = typeof repository === 'string' ? repository : repository?.url;
  const [, host = 'github', path] = text?.match(/^(?:(\w+):)?([\w.-]+\/[\w.-]+)$/) ?? [];
  if (path !== undefined) return hosts[host] && `https://${hosts[host]}/${path}`;
  const [, server, place] =
    text?.match(/^(?:git\+)?(?:\w+:\/\/)?(?:[\w-]+@)?([\w.-]+(?::\d+)?)[/:](.+?)(?:\.git)?\/?$/) ?? [];
  return server && `https://${server}/${place}`;
}

/** A link to change the file of a page, where the repository has an address; else nothing. */
function editLink(source: string | undefined, repository: PackageFile['repository']): string {
  const address = browserAddress(repository);
  return source === undefined || address === undefined
    ? ''
    : `${link(`${address}/edit/main/${source}`, 'Edit this page')}. `;
}

/** What the browser may load before it knows what for: fonts of formulas, and what programs import. */
function preloads({ path, main, scripts = [], modules = [] }: Page, imports: Surroundings['imports'] = {}): string {
  const early = [...new Set([...scripts.flatMap((one) => imports[one] ?? []), ...modules])];
  return [
    ...(main.includes('class="katex"') ? fonts : []).map(
      (font) => `<link rel="preload" href="${relativeTo(path, font)}" as="font" type="font/woff2" crossorigin>`,
    ),
    ...early.map((one) => `<link rel="modulepreload" href="${relativeTo(path, one)}" fetchpriority="low">`),
  ].join('\n');
}

/** The HTML of a page. */
export function framed(page: Page, { repository, imports }: Surroundings = {}): string {
  const { path, title, description, main, source, scripts = [] } = page;
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
<link rel="stylesheet" href="${to('assets/style.css')}">
${preloads(page, imports)}
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
