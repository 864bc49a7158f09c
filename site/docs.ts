/** @file Writes the pages of docs/ and of the files that they link to, from their Markdown. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import MarkdownIt from 'markdown-it';
import { anchorOf } from '../test/docs/markdown.ts';
import { root } from '../test/support/root.ts';
import { fileAddress } from './chapters.ts';
import type { Renderers } from './equation.ts';
import { escaped, indexed, link, prose } from './html.ts';
import type { Page } from './layout.ts';

/** The files of the repository that a Markdown file links to, from its root. */
const linkedFrom = (file: string, to: string): string => posix.normalize(posix.join(posix.dirname(file), to));

const isOutside = (to: string): boolean => /^[a-z]+:/.test(to);

/** The names that a heading is about, in small letters: of "`carry`: the state …" carry, of "collect, inject" both. */
function namesIn(heading: string): string[] {
  const names = heading.split(':')[0]!.split(', ');
  return names.every((name) => /^\w+$/.test(name)) ? names.map((name) => name.toLowerCase()) : [];
}

/** A heading of a page: its level, its anchor, and its text as HTML. */
interface Heading {
  readonly level: number;
  readonly anchor: string;
  readonly text: string;
}

/** Pages with fewer headings have no list of them. */
const fewHeadings = 4;

/** The list of a page's headings: folded on a phone, at the side of a wide screen (pages.css). */
function contents(headings: readonly Heading[]): string {
  if (headings.length < fewHeadings) return '';
  const items = headings.map(
    ({ level, anchor, text }) => `<li class="level-${level}">${link(`#${anchor}`, text)}</li>`,
  );
  return `<nav class="on-page" aria-label="On this page"><details><summary>On this page</summary><ul>
${items.join('\n')}
</ul></details></nav>`;
}

/** A Markdown file as HTML, with its first paragraph. */
interface Rendered {
  readonly title: string;
  readonly lead: string;
  readonly html: string;
}

/** Renders one Markdown file, and reports each file that it links to. */
function rendered(file: string, { math, code }: Renderers, meet: (linked: string) => void): Rendered {
  const path = fileAddress(file);
  const markdown = new MarkdownIt({ html: true });
  const aliases = new Map<object, readonly string[]>();
  const headings: Heading[] = [];
  markdown.core.ruler.push('places', ({ tokens, env }) => {
    const met = new Map<string, number>();
    for (const [i, token] of tokens.entries()) {
      if (token.type === 'heading_open') {
        const inside = tokens[i + 1]!.children!.filter(({ type }) => /text|code/.test(type));
        const words = inside.map(({ content }) => content).join('');
        const name = anchorOf(words);
        for (const alias of namesIn(words))
          if (alias !== name) aliases.set(tokens[i]!, [...(aliases.get(tokens[i]!) ?? []), alias]);
        const before = met.get(name) ?? 0;
        met.set(name, before + 1);
        const anchor = before === 0 ? name : `${name}-${before}`;
        token.attrSet('id', anchor);
        const level = Number(token.tag.slice(1));
        const text = markdown.renderer.render(inside, markdown.options, env);
        if (level === 2 || level === 3) headings.push({ level, anchor, text });
      }
      for (const child of token.children ?? []) {
        const to = `${child.attrGet('href') ?? '#'}`;
        if (child.type !== 'link_open' || isOutside(to) || to.startsWith('#')) continue;
        const [, place, rest] = to.match(/^([^?#]*)(.*)$/)!;
        const linked = linkedFrom(file, place!);
        meet(linked);
        child.attrSet('href', posix.relative(posix.dirname(path), fileAddress(linked)) + rest);
      }
    }
  });
  markdown.renderer.rules.fence = (tokens, i) => {
    const { content, info } = tokens[i]!;
    const language = info.trim().split(' ')[0]!;
    return language === 'math'
      ? `<div class="formula" tabindex="0" role="group" aria-label="Formula">${math(content)}</div>`
      : code(content, language);
  };
  markdown.renderer.rules.text = (tokens, i) => indexed(escaped(tokens[i]!.content));
  markdown.renderer.rules.heading_open = (tokens, i, options, _, renderer) =>
    (aliases.get(tokens[i]!) ?? []).map((name) => `<a id="${name}"></a>`).join('') +
    renderer.renderToken(tokens, i, options);
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0" role="group" aria-label="Table"><table>';
  markdown.renderer.rules.table_close = () => '</table></div>';
  const text = readFileSync(`${root}/${file}`, 'utf8').replace(/^<!--.*-->$/gm, '');
  const html = markdown.render(text);
  return {
    title: text.match(/^# (.*)$/m)![1]!.replaceAll('`', ''),
    lead: html.match(/<p>([\s\S]*?)<\/p>/)![1]!.replace(/<\/?(a|img|strong|em)\b[^>]*>/g, ''),
    html: html.replace('</h1>', `</h1>\n${contents(headings)}`),
  };
}

/** The first line of a program's header, without the marks of a comment; empty if it has none. */
const headerOf = (text: string): string =>
  text.match(/^(?:#!.*\n)?(?:"""|(?:\/\*\*|\/\/)?[\s*/]*@file )(.*?)\.?(?:"""| \*\/)?\n/)?.[1] ?? '';

/** Shows a file that is not Markdown: its lines, or the names in a folder, with the first line of each file's header. */
function filePage(file: string, { code }: Renderers, meet: (linked: string) => void): Page {
  const isFolder = statSync(`${root}/${file}`).isDirectory();
  const path = fileAddress(file);
  const items = (): string[] =>
    readdirSync(`${root}/${file}`)
      .filter((name) => !name.startsWith('.') && !/^(node_modules|__pycache__)$/.test(name))
      .map((name) => {
        const one = posix.join(file, name);
        const shown = `<code>${escaped(name)}</code>`;
        if (statSync(`${root}/${one}`).isDirectory()) return `<li>${shown}</li>`;
        meet(one);
        const header = headerOf(readFileSync(`${root}/${one}`, 'utf8'));
        return `<li>${link(posix.relative(posix.dirname(path), fileAddress(one)), shown)} ${prose(header)}</li>`;
      });
  const main = isFolder
    ? `<ul class="listing">${items().join('\n')}</ul>`
    : code(readFileSync(`${root}/${file}`, 'utf8'), file.split('.').at(-1)!);
  return {
    path,
    ...(!isFolder && { source: file }),
    title: `${file} · densessm`,
    description: `${file} of densessm.`,
    main: `<h1><code>${escaped(file)}</code></h1>\n${main}`,
  };
}

/** The readers of the documentation, with the pages for each. Pages that are linked, and not listed here, come last. */
const readers: readonly (readonly [string, readonly string[]])[] = [
  [
    'You write a kernel',
    ['check-your-kernel', 'a-team-month', 'operators', 'tolerances', 'vectors', 'protocol', 'findings', 'judges'],
  ],
  ['You read the paper', ['reading-the-spec', 'readings', 'equations', 'degradation']],
  ['You run or train models', ['training', 'results', 'models', 'gpu', 'gpu-performance', 'performance']],
  ['You change densessm', ['decisions', 'style']],
];

/** The list of all pages, by their readers. */
function listPage(shown: ReadonlyMap<string, Rendered>): Page {
  const groups = readers.map(([reader, names]) => [reader, names.map((name) => `docs/${name}.md`)] as const);
  const listed = new Set(groups.flatMap(([, files]) => files));
  const others = ['Beside them', [...shown.keys()].filter((file) => !listed.has(file))] as const;
  const item = (file: string): string => {
    const { title, lead } = shown.get(file)!;
    return `<li>${link(posix.relative('docs', fileAddress(file)), escaped(title))}<p>${lead}</p></li>`;
  };
  const parts = [...groups, others].map(
    ([reader, files]) => `<h2>${reader}</h2>\n<ul class="cards leads">${files.map(item).join('\n')}</ul>`,
  );
  return {
    path: 'docs/index.html',
    title: 'Docs · densessm',
    description: 'All pages of the documentation.',
    main: `<h1>Docs</h1>\n${parts.join('\n')}`,
  };
}

/** The pages of docs/, the files that they link to, and a list of all. */
export function docPages(renderers: Renderers): Page[] {
  const own = readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort();
  const waiting = [...own];
  const met = new Set(own);
  const shown = new Map<string, Rendered>();
  const hasPage = (file: string): boolean => /^(spec\/(?!index\.ts)[\w-]+\.ts|site\/labs\/.*)$/.test(file);
  const meet = (linked: string): void => {
    if (met.has(linked) || hasPage(linked) || !existsSync(`${root}/${linked}`)) return;
    met.add(linked);
    waiting.push(linked);
  };
  const pages: Page[] = [];
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    if (!file.endsWith('.md')) {
      pages.push(filePage(file, renderers, meet));
      continue;
    }
    const page = rendered(file, renderers, meet);
    shown.set(file, page);
    pages.push({
      path: fileAddress(file),
      title: `${page.title} · densessm`,
      description: page.title,
      source: file,
      main: `<article class="doc">${page.html}</article>`,
    });
  }
  return [listPage(shown), ...pages];
}
