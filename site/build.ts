/** @file Builds the static site into .site: pages of chapters and docs, styles and fonts. Links are checked at the end. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import MiniSearch from 'minisearch';
import { root } from '../test/support/root.ts';
import { apiPages, modulesOfPackage } from './api.ts';
import { bundle } from './bundle.ts';
import { chapters, codeOf, pageOf } from './chapters.ts';
import { docPages } from './docs.ts';
import { readingsOf } from './equation.ts';
import { glossary } from './glossary.ts';
import { labPages } from './labs/index.ts';
import { framed, type PackageFile } from './layout.ts';
import { brokenLinks, mentions } from './links.ts';
import { chapterPage, searchPage, startPage } from './pages.ts';
import { casesApart } from './readings.ts';
import { codeStyles, highlighter, markdown, math, symbol } from './render.ts';
import { searchOptions, sectionsOf } from './search.ts';

const out = join(root, '.site');
const here = import.meta.dirname;
const katex = join(here, 'node_modules/katex/dist');

const renderers = { math, symbol, markdown, code: await highlighter() };
const all = chapters();
const symbols = glossary();
// the readings that chapters show
const apart = await casesApart(
  all.flatMap((chapter) =>
    chapter.equations.flatMap((one) => readingsOf(one, codeOf(chapter, one.definition.name)).map(({ name }) => name)),
  ),
);
const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Pick<PackageFile, 'repository'>;
const docs = docPages(renderers);
const mentioned = mentions(docs);
const readable = [
  startPage(all, renderers),
  ...all.map((chapter) => chapterPage(chapter, all, symbols, renderers, apart, mentioned.get(pageOf(chapter.file)))),
  ...labPages(),
  searchPage(),
  ...docs,
];
const pages = [...readable, ...apiPages(modulesOfPackage(), renderers, new Set(readable.map(({ path }) => path)))];

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets/fonts'), { recursive: true });
const imports = await bundle(out);
for (const page of pages) {
  mkdirSync(dirname(join(out, page.path)), { recursive: true });
  writeFileSync(join(out, page.path), framed(page, { repository, imports }));
}
cpSync(join(here, 'icon.svg'), join(out, 'assets/icon.svg'));
// the figures of docs/results.md
for (const name of readdirSync(join(root, 'docs/results')).filter((one) => one.endsWith('.svg')))
  cpSync(join(root, 'docs/results', name), join(out, 'docs/results', name));
// one file, which is one request: in this order, later rules win
const styles = [
  'style',
  'pages',
  'api',
  'worked',
  'labs/shared/lab',
  'labs/modes',
  'labs/dense-states',
  'labs/break/break',
  'labs/tolerances',
  'labs/train/train',
  'search',
].map((name) => readFileSync(join(here, `${name}.css`), 'utf8'));
const formulas = readFileSync(join(katex, 'katex.min.css'), 'utf8');
writeFileSync(join(out, 'assets/style.css'), [formulas, codeStyles(), ...styles].join('\n'));
for (const name of readdirSync(join(katex, 'fonts')).filter((one) => one.endsWith('.woff2')))
  cpSync(join(katex, 'fonts', name), join(out, 'assets/fonts', name));
const index = new MiniSearch(searchOptions);
// files of programs are linked, and not searched
const sections = sectionsOf(pages.filter(({ path }) => !path.startsWith('files/')));
index.addAll(sections);
const texts = Object.fromEntries(sections.map(({ id, text }) => [id, text]));
writeFileSync(join(out, 'assets/search-texts.json'), JSON.stringify(texts));
writeFileSync(join(out, 'assets/search.json'), JSON.stringify(index));

const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
  statSync(join(out, name)).isFile(),
);
const files = names.sort().map((name) => [name, readFileSync(join(out, name))] as const);
const hash = createHash('sha256');
for (const [, bytes] of files) hash.update(bytes);
const sizes = Object.fromEntries(files.map(([name, bytes]) => [name, bytes.length]));
const worker = readFileSync(join(here, 'client/offline-worker.js'), 'utf8');
const known = `const files = ${JSON.stringify(sizes)};\nconst version = 'densessm-${hash.digest('hex').slice(0, 16)}';\n`;
writeFileSync(join(out, 'offline.js'), known + worker);

const broken = brokenLinks(pages);
for (const one of broken) console.error(one);
console.log(`${pages.length} pages in .site; ${broken.length} broken links`);
if (broken.length > 0) process.exitCode = 1;
