import { describe, expect, it } from 'vitest';
import { apiPages, type Declaration } from '../../site/api.ts';
import { addressOf, anchorOf, chapters } from '../../site/chapters.ts';
import type { Renderers } from '../../site/equation.ts';
import { glossary, markedFormula, symbolsIn } from '../../site/glossary.ts';
import { prose } from '../../site/html.ts';
import { labPages } from '../../site/labs/index.ts';
import { framed } from '../../site/layout.ts';
import { brokenLinks } from '../../site/links.ts';
import { chapterPage, searchPage, startPage } from '../../site/pages.ts';
import { casesApart, codeApart } from '../../site/readings.ts';
import { sectionsOf } from '../../site/search.ts';
import { openReadings } from '../../spec/readings.ts';
import { equations } from '../../spec/registry.ts';
import { listed } from '../../src/oracle/readings/block.ts';

/** Renders nothing: formulas and programs stay as they are. */
const plain: Renderers = {
  math: (latex) => latex,
  symbol: (latex) => latex,
  markdown: prose,
  code: (text) => text,
};

const all = chapters();
const symbols = glossary();
// one of the questions: the build asks all
const apart = await casesApart(['scoreScaling']);
const pages = [
  startPage(all, plain),
  ...labPages(),
  searchPage(),
  ...all.map((one) => chapterPage(one, all, symbols, plain, apart)),
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

  it('shows two readings side by side, with the code, the input and the numbers that part them', () => {
    const [page] = pages.filter(({ path }) => path === 'spec/01-attention.html');
    const [, section] = page!.main.split('<div class="apart">');
    expect(section).toContain('return 1;');
    expect(section).toContain('return 1 / Math.sqrt(keyChannels);');
    const [first, other] = Object.values(apart[0]!.differ)[0]!.map(listed);
    expect(first).not.toBe(other);
    expect(section).toContain(`<td><code>${first}</code></td><td><code>${other}</code></td>`);
    for (const { name, readings } of openReadings.filter(({ name }) => /carry|fusion|ffnActivation/.test(name))) {
      const sides = codeApart({ reading: name as never, between: [readings[0]!, readings[1]!] }, all)!.sides;
      expect(new Set(sides).size, name).toBe(2);
      for (const side of sides) expect(side).not.toContain('===');
    }
  });

  it('leads from the start page to every equation, and from page to page', () => {
    const own = brokenLinks(pages).filter((line) => !/leads to no page$/.test(line) || !/docs\/|api\//.test(line));
    expect(own).toEqual([]);
    const wrong = {
      path: 'a/b.html',
      main: '<a href="c.html">c</a> <a class="x" href="#d">d</a> <a href="https://e">e</a> <a href="?x=1">f</a>',
    };
    expect(brokenLinks([wrong])).toHaveLength(2);
  });

  it('shows declarations with links to the types that they name, and to their equation', () => {
    const { definition } = equations[18]!;
    const place = (module: string, name: string, exported = true) => ({ module, name, anchor: name, exported });
    const own = { file: 'spec/19-retention.ts', line: 3, text: 'As {@link B} `x<y` does.', tags: [], types: {} };
    const a: Declaration = {
      ...own,
      ...place('densessm/spec', definition.name),
      kind: 'function',
      code: 'export function f(x: B): B',
      tags: [{ tag: 'example', text: 'f(1) // 1 < 2' }],
      types: { B: place('densessm', 'B') },
    };
    const b: Declaration = { ...own, ...place('densessm', 'B', false), kind: 'type', code: 'export type B = number' };
    const module = { file: 'src/index.ts', about: 'Exports.', elsewhere: [] };
    const modules = [
      { ...module, name: 'densessm', declarations: [b] },
      { ...module, name: 'densessm/spec', declarations: [a], elsewhere: [place('densessm', 'B')] },
    ];
    const api = apiPages(modules, plain, new Set(['spec/19-retention.html']));
    expect(api.map(({ path }) => path)).toEqual(['api/index.html', 'api/densessm.html', 'api/spec.html']);
    expect(brokenLinks([...pages, ...api]).filter((line) => line.startsWith('api/'))).toEqual([]);
    const [list, first, second] = api.map(({ main }) => main);
    expect(list).toMatch(/0 names.*1 name</s);
    expect(first).toContain('not exported');
    expect(second).toContain('<a href="../api/densessm.html#B"><code>B</code></a> <code>x&lt;y</code>');
    expect(second).toContain('<a href="../spec/19-retention.html#eq-19">Eq. 19</a>');
    expect(second).toContain('<a href="../spec/19-retention.html"><code>spec/19-retention.ts:3</code></a>');
    const without = apiPages([modules[1]!], plain, new Set());
    expect(brokenLinks([...pages, ...without]).filter((line) => line.startsWith('api/spec'))).not.toEqual([]);
    const sections = sectionsOf(api).filter(
      ({ id }) => id.startsWith('api/spec.html#') && id.endsWith(definition.name),
    );
    expect(sections).toMatchObject([{ heading: `${definition.name} function` }]);
  });

  it('leads to the file of a page where the repository has an address', () => {
    const [page] = pages.filter(({ path }) => path === 'spec/19-retention.html');
    const edit = '<a href="https://host/team/densessm/edit/main/spec/19-retention.ts">Edit this page</a>';
    expect(framed(page!, 'git+https://host/team/densessm.git')).toContain(edit);
    expect(framed(page!)).not.toContain('Edit this page');
    expect(framed(pages[0]!, 'git+https://host/team/densessm.git')).not.toContain('Edit this page');
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
