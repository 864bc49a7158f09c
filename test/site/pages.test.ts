import { describe, expect, it } from 'vitest';
import { addressOf, anchorOf, chapters } from '../../site/chapters.ts';
import type { Renderers } from '../../site/equation.ts';
import { glossary, markedFormula, symbolsIn } from '../../site/glossary.ts';
import { labPages } from '../../site/labs/index.ts';
import { brokenLinks } from '../../site/links.ts';
import { chapterPage, searchPage, startPage } from '../../site/pages.ts';
import { sectionsOf } from '../../site/search.ts';
import { equations } from '../../spec/registry.ts';

/** Renders nothing: formulas and programs stay as they are. */
const plain: Renderers = { math: (latex) => latex, symbol: (latex) => latex, code: (text) => text };

const all = chapters();
const symbols = glossary();
const pages = [
  startPage(all, plain),
  ...labPages(),
  searchPage(),
  ...all.map((one) => chapterPage(one, all, symbols, plain)),
];

describe('the site', () => {
  it.each(equations)('shows Eq. $number with its code, on the page of its chapter', (equation) => {
    const [section] = pages
      .filter(({ main }) => main.includes(`id="${anchorOf(equation)}"`))
      .map(({ main }) => main.split(`id="${anchorOf(equation)}"`)[1]!.split('</section>')[0]!);
    expect(section).toContain(`export function ${equation.definition.name}(`);
    expect(section).not.toMatch(/\[object/);
    const found = symbolsIn(equation, symbols);
    expect(found.size).toBeGreaterThan(1);
    // pages.css has a rule for each of the first eight
    expect(found.size).toBeLessThanOrEqual(8);
    // each symbol of the legend is in the formula, which is the record's but for the marks
    const marked = markedFormula(equation.latex, (base) => (found.has(base) ? 'x' : undefined));
    expect(marked.match(/htmlData/g)!.length).toBeGreaterThanOrEqual(found.size);
    expect(marked.replace(/\\htmlData\{s=x\}\{((?:[^{}]|\{[^{}]*\})+)\}/g, '$1')).toBe(equation.latex);
  });

  it('takes the meaning of a letter from the equations that have it', () => {
    const meaning = (number: number, base: string) =>
      symbolsIn(equations[number - 1]!, symbols).get(base)?.meaning ?? '';
    expect(meaning(5, 'h')).toMatch(/one channel's state space model/);
    expect(meaning(10, 'h')).toMatch(/a key or a value/);
    expect(meaning(20, 'y')).toMatch(/retention output/);
    expect(meaning(6, 'y')).not.toMatch(/retention/);
  });

  it('leads from the start page to every equation, and from page to page', () => {
    const own = brokenLinks(pages).filter((line) => !/leads to no page$/.test(line) || !/docs\//.test(line));
    expect(own).toEqual([]);
    const wrong = {
      path: 'a/b.html',
      main: '<a href="c.html">c</a> <a class="x" href="#d">d</a> <a href="https://e">e</a> <a href="?x=1">f</a>',
    };
    expect(brokenLinks([wrong])).toHaveLength(2);
  });

  it('splits pages into sections with addresses of their own', () => {
    const main = '<h1>Docs &amp; more</h1><p>One <code>two</code>.</p><h2 id="b">B</h2><pre>code</pre><p>three</p>';
    expect(sectionsOf([{ path: 'a.html', title: 'A · densessm', main }])).toEqual([
      { id: 'a.html', heading: 'Docs & more', page: 'A', text: 'One two.' },
      { id: 'a.html#b', heading: 'B', page: 'A', text: 'three' },
    ]);
    const eq14 = sectionsOf(pages).find(({ id }) => id === addressOf(equations[13]!))!;
    expect(eq14.heading).toBe('Eq. 14 dense output, convolution mode');
    expect(eq14.text).toMatch(/output of one channel's state space model.*This is the reading raw of carry/);
    const ids = sectionsOf(pages).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
