/** @file Writes the pages of docs/ and of the files that they link to, from their Markdown. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import MarkdownIt from 'markdown-it';
import { anchorOf } from '../test/docs/markdown.ts';
import { root } from '../test/support/root.ts';
import { fileAddress } from './chapters.ts';
import type { Renderers } from './equation.ts';
import { escaped, link } from './html.ts';
import type { Page } from './layout.ts';

/** The files of the repository that a Markdown file links to, from its root. */
const linkedFrom = (file: string, to: string): string => posix.normalize(posix.join(posix.dirname(file), to));

const isOutside = (to: string): boolean => /^[a-z]+:/.test(to);

/** The names that a heading is about, in small letters: of "`carry`: the state …" carry, of "collect, inject" both. */
function namesIn(heading: string): string[] {
  const names = heading.split(':')[0]!.split(', ');
  return names.every((name) => /^\w+$/.test(name)) ? names.map((name) => name.toLowerCase()) : [];
}

/** Renders one Markdown file, and reports each file that it links to. */
function rendered(
  file: string,
  { math, code }: Renderers,
  meet: (linked: string) => void,
): { title: string; html: string } {
  const path = fileAddress(file);
  const markdown = new MarkdownIt({ html: true });
  const aliases = new Map<object, readonly string[]>();
  markdown.core.ruler.push('places', ({ tokens }) => {
    const met = new Map<string, number>();
    for (const [i, token] of tokens.entries()) {
      if (token.type === 'heading_open') {
        const words = tokens[i + 1]!.children!.filter(({ type }) => /text|code/.test(type)).map(
          ({ content }) => content,
        );
        const anchor = anchorOf(words.join(''));
        for (const name of namesIn(words.join('')))
          if (name !== anchor) aliases.set(tokens[i]!, [...(aliases.get(tokens[i]!) ?? []), name]);
        const before = met.get(anchor) ?? 0;
        met.set(anchor, before + 1);
        token.attrSet('id', before === 0 ? anchor : `${anchor}-${before}`);
      }
      for (const child of token.children ?? []) {
        const to = `${child.attrGet('href') ?? '#'}`;
        if (child.type !== 'link_open' || isOutside(to) || to.startsWith('#')) continue;
        const [place, anchor] = to.split('#') as [string, string?];
        const linked = linkedFrom(file, place);
        meet(linked);
        child.attrSet(
          'href',
          posix.relative(posix.dirname(path), fileAddress(linked)) + (anchor === undefined ? '' : `#${anchor}`),
        );
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
  markdown.renderer.rules.heading_open = (tokens, i, options, _, renderer) =>
    (aliases.get(tokens[i]!) ?? []).map((name) => `<a id="${name}"></a>`).join('') +
    renderer.renderToken(tokens, i, options);
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0" role="group" aria-label="Table"><table>';
  markdown.renderer.rules.table_close = () => '</table></div>';
  const text = readFileSync(`${root}/${file}`, 'utf8').replace(/^<!--.*-->$/gm, '');
  return { title: text.match(/^# (.*)$/m)![1]!.replaceAll('`', ''), html: markdown.render(text) };
}

/** Shows a file that is not Markdown: its lines, or the names in a folder. */
function filePage(file: string, { code }: Renderers): Page {
  const isFolder = statSync(`${root}/${file}`).isDirectory();
  const main = isFolder
    ? `<ul>${readdirSync(`${root}/${file}`)
        .filter((name) => !name.startsWith('.') && name !== 'node_modules')
        .map((name) => `<li><code>${escaped(name)}</code></li>`)
        .join('\n')}</ul>`
    : code(readFileSync(`${root}/${file}`, 'utf8'), file.split('.').at(-1)!);
  return {
    path: fileAddress(file),
    ...(!isFolder && { source: file }),
    title: `${file} · densessm`,
    description: `${file} of densessm.`,
    main: `<h1><code>${escaped(file)}</code></h1>\n${main}`,
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
  const titles: [string, string][] = [];
  const pages: Page[] = [];
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const at = file;
    if (!at.endsWith('.md')) {
      pages.push(filePage(at, renderers));
      continue;
    }
    const { title, html } = rendered(at, renderers, (linked) => {
      if (met.has(linked) || /^spec\/[\w-]+\.ts$/.test(linked) || !existsSync(`${root}/${linked}`)) return;
      met.add(linked);
      waiting.push(linked);
    });
    titles.push([fileAddress(at), title]);
    pages.push({
      path: fileAddress(at),
      title: `${title} · densessm`,
      description: title,
      source: at,
      main: `<article class="doc">${html}</article>`,
    });
  }
  const list = titles.map(([path, title]) => `<li>${link(posix.relative('docs', path), escaped(title))}</li>`);
  const index = `<h1>Docs</h1>\n<ul class="files">${list.join('\n')}</ul>`;
  return [
    { path: 'docs/index.html', title: 'Docs · densessm', description: 'All pages of the documentation.', main: index },
    ...pages,
  ];
}
