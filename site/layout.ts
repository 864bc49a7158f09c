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

/** The HTML of a page. `repository` is the address that package.json gives, if it does. */
export function framed(
  { path, title, description, main, source, scripts = [] }: Page,
  repository?: PackageFile['repository'],
): string {
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
