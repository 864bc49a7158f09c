/** @file Writes the start page and the pages of chapters. */
import { evidenceMeanings, scopeOfMarks } from '../spec/evidence.ts';
import { openReadings } from '../spec/readings.ts';
import { equations } from '../spec/registry.ts';
import type { Apart } from '../src/oracle/readings/apart.ts';
import { addressOf, type Chapter, pageOf } from './chapters.ts';
import { equationSection, operatorOf, type Renderers } from './equation.ts';
import type { GlossarySymbol } from './glossary.ts';
import { escaped, link, prose, relativeTo } from './html.ts';
import type { Page } from './layout.ts';
import type { Mention } from './links.ts';

/** Links to the chapters before and after one. */
function neighbours(chapter: Chapter, all: readonly Chapter[]): string {
  const at = all.indexOf(chapter);
  const path = pageOf(chapter.file);
  const to = (one: Chapter | undefined, rel: 'prev' | 'next'): string => {
    if (one === undefined) return '<span></span>';
    const title = rel === 'prev' ? `← ${prose(one.title)}` : `${prose(one.title)} →`;
    return `<a rel="${rel}" href="${relativeTo(path, pageOf(one.file))}">${title}</a>`;
  };
  return `<nav class="neighbours" aria-label="Chapters">${to(all[at - 1], 'prev')}${to(all[at + 1], 'next')}</nav>`;
}

/** Links to the sections of docs/ that explain a file. */
const explained = (mentions: readonly Mention[], page: string): string =>
  mentions.length === 0
    ? ''
    : `<p class="origin">Explained in ${mentions.map(({ to, title }) => `<a href="${relativeTo(page, to)}">${title}</a>`).join(', ')}.</p>\n`;

/** The page of a file of spec/. */
export function chapterPage(
  chapter: Chapter,
  all: readonly Chapter[],
  symbols: readonly GlossarySymbol[],
  renderers: Renderers,
  apart: readonly Apart[],
  mentions: readonly Mention[] = [],
): Page {
  const { file, title, about, text } = chapter;
  const sections = chapter.equations.map((one) => equationSection(one, chapter, symbols, renderers, { all, apart }));
  const whole = renderers.code(text, 'typescript');
  return {
    path: pageOf(file),
    source: `spec/${file}`,
    title: `${title.replaceAll('`', '')} · densessm`,
    ...(chapter.equations.length > 0 && {
      scripts: ['assets/worked.js'],
      modules: [`assets/operators/${operatorOf(chapter.equations[0]!).name}.js`],
    }),
    description: `${title.replaceAll('`', '')}: formula, scalar code, evidence and laws.`,
    main: `<h1>${prose(title)}</h1>
${about === '' ? '' : `<p class="lead">${prose(about)}</p>\n`}${explained(mentions, pageOf(file))}${sections.join('\n')}
${sections.length === 0 ? whole : `<details><summary>The whole file, <code>spec/${file}</code></summary>${whole}</details>`}
${neighbours(chapter, all)}`,
  };
}

/** The start page. */
export function startPage(all: readonly Chapter[], { math }: Renderers): Page {
  const cards = equations.map(
    (one) => `<li><a href="${addressOf(one)}"><span class="number">Eq. ${one.number}</span> ${escaped(one.name)}</a>
<div class="formula" tabindex="0" role="group" aria-label="Formula of Eq. ${one.number}">${math(one.latex)}</div>
<span class="marks">${one.evidence.map((mark) => `<span class="mark" title="${escaped(evidenceMeanings[mark])}">${mark}</span>`).join(' ')}</span></li>`,
  );
  const rest = all.filter((one) => one.equations.length === 0);
  return {
    path: 'index.html',
    title: 'densessm: every equation of DenseSSM, beside its code',
    description:
      'The 25 equations of DenseMamba / DenseSSM as formulas and as plain scalar code, and an oracle that holds kernels against them.',
    main: `<div class="hero">
<h1>Every equation of DenseSSM, beside its code</h1>
<p class="lead">The ${equations.length} equations of <a href="https://arxiv.org/abs/2403.00818">DenseMamba / DenseSSM</a> as formulas and as plain scalar code that runs.
The same code judges kernels: your retention, scan or attention is <em>right</em> if each of its numbers is within the error bound of that number.</p>
<p class="ways">${link('#equations', 'Read the equations')} ${link('lab/index.html', 'Play in the labs')} ${link('docs/check-your-kernel.html', 'Check a kernel')} ${link('lab/train.html', 'Train a model')}</p>
</div>
<h2 id="equations">Equations</h2>
<p class="quiet">Letters say how we know what an equation says: its ${link('#evidence', 'evidence')}.</p>
<ol class="cards">
${cards.join('\n')}
</ol>
<h2 id="readings">Readings</h2>
<p>${openReadings.length} passages of the paper can be read in more than one way. ${link('docs/readings.html', 'Each is shown')} with the evidence, the default, and the smallest input that tells its readings apart.</p>
<h2 id="evidence">Evidence</h2>
<p>${escaped(scopeOfMarks)}</p>
<dl class="facts">
${Object.entries(evidenceMeanings)
  .map(([mark, meaning]) => `<dt><span class="mark">${mark}</span></dt><dd>${escaped(meaning)}</dd>`)
  .join('\n')}
</dl>
<h2 id="more">Beyond the numbered equations</h2>
<ul class="files">
${rest.map((one) => `<li>${link(pageOf(one.file), `<code>${one.file}</code>`)} ${prose(one.title)}</li>`).join('\n')}
</ul>`,
  };
}

/** The page that searches all others. */
export const searchPage = (): Page => ({
  path: 'search.html',
  title: 'Search · densessm',
  description: 'Search in the equations and the documentation.',
  scripts: ['assets/search.js'],
  main: `<h1>Search</h1>
<form class="search"><input type="search" name="q" aria-label="Words to find" placeholder="carry, chunk, tolerance …" autocomplete="off"></form>
<noscript><p>Searching needs JavaScript; ${link('docs/index.html', 'all pages')} are read without.</p></noscript>
<p id="found" class="quiet" role="status"></p>
<ul id="results" class="results"></ul>`,
});
