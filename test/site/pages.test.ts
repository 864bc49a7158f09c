import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apiPages, type Declaration } from '../../site/api.ts';
import { addressOf, anchorOf, chapters, fileAddress } from '../../site/chapters.ts';
import type { Renderers } from '../../site/equation.ts';
import { glossary, markedFormula, symbolsIn } from '../../site/glossary.ts';
import { indexed, prose } from '../../site/html.ts';
import { labPages } from '../../site/labs/index.ts';
import { browserAddress, framed } from '../../site/layout.ts';
import { brokenLinks, mentions } from '../../site/links.ts';
import { chapterPage, searchPage, startPage } from '../../site/pages.ts';
import { casesApart, codeApart } from '../../site/readings.ts';
import { besideFirst, excerptOf, findOptions, sectionsOf } from '../../site/search.ts';
import { openReadings } from '../../spec/readings.ts';
import { equations } from '../../spec/registry.ts';
import { listed } from '../../src/oracle/readings/block.ts';
import { root } from '../support/root.ts';

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

  it('shows Eq. 14 under both readings of carry, and leads to the function that computes both', () => {
    const twelve = all.find(({ file }) => file === '12-dense-convolution.ts')!;
    const { main } = chapterPage(twelve, all, symbols, plain, [
      { ...apart[0]!, question: { ...apart[0]!.question, reading: 'carry', between: ['raw', 'fused'] } },
    ]);
    const section = main.split(`id="${anchorOf(equations[13]!)}"`)[1]!;
    expect(section).toContain(equations[13]!.otherwise!.latex);
    expect(section).toContain('Under the reading <code>fused</code> of <a href="../docs/readings.html#carry">');
    expect(section).toContain('<a href="../api/spec.html#denseRecurrence"><code>denseRecurrence</code></a>');
    const ten = pages.find(({ path }) => path === 'spec/10-dense-hidden.html')!;
    expect(ten.main).toContain('<a href="../docs/readings.html#carry"><code>carry</code></a>');
  });

  it('leads from a file of spec/ back to the sections that explain it, and to labs from their files', () => {
    const link = '<a href="../spec/readings.html">it</a>';
    const doc = (path: string, main: string) => ({ path, title: 'Two <i> · densessm', main });
    const found = mentions([
      doc('docs/a.html', `<h1>A</h1>${link}<h2 id="b">B <code>c</code></h2>${link}`),
      doc('docs/d.html', `<h2 id="e">E</h2>${link}`),
      doc('docs/equations.html', link),
      doc('api/spec.html', link),
    ]).get('spec/readings.html')!;
    expect(found).toEqual([
      { to: 'docs/a.html', title: 'Two &lt;i&gt;' },
      { to: 'docs/d.html#e', title: 'Two &lt;i&gt;: E' },
    ]);
    const chapter = all.find(({ file }) => file === 'readings.ts')!;
    expect(chapterPage(chapter, all, symbols, plain, [], found).main).toContain(
      '<a href="../docs/d.html#e">Two &lt;i&gt;: E</a>',
    );
    expect(fileAddress('site/labs/modes.ts')).toBe('lab/modes.html');
    expect(fileAddress('site/labs/break/lab.ts')).toBe('lab/break.html');
    const labs = new Set(labPages().map(({ path }) => path));
    const linked = ['check-your-kernel', 'readings', 'training', 'tolerances', 'degradation'].flatMap((name) =>
      [...readFileSync(`${root}/docs/${name}.md`, 'utf8').matchAll(/\]\(\.\.\/(site\/labs\/[^)?]+)/g)].map(
        ([, to]) => to!,
      ),
    );
    expect(linked.length).toBeGreaterThan(4);
    for (const to of linked) expect(labs, to).toContain(fileAddress(to));
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
    expect(framed(page!, { repository: 'git+https://host/team/densessm.git' })).toContain(edit);
    // the other ways in which npm takes an address
    for (const repository of [
      'https://host/team/densessm',
      { url: 'git+ssh://git@host/team/densessm.git' },
      'git@host:team/densessm.git',
    ])
      expect(framed(page!, { repository })).toContain(edit);
    expect(browserAddress('team/densessm')).toBe('https://github.com/team/densessm');
    expect(browserAddress({ url: 'gitlab:team/densessm' })).toBe('https://gitlab.com/team/densessm');
    expect(browserAddress('nowhere:team/densessm')).toBeUndefined();
    expect(framed(page!)).not.toContain('Edit this page');
    expect(framed(pages[0]!, { repository: 'git+https://host/team/densessm.git' })).not.toContain('Edit this page');
  });

  it('sets indices and exponents of letters, and leaves names and code', () => {
    expect(indexed('Ā^t h_0, h′_1, h^{l−1} and Φ_i.')).toBe(
      'Ā<sup>t</sup> h<sub>0</sub>, h′<sub>1</sub>, h<sup>l−1</sup> and Φ<sub>i</sub>.',
    );
    const kept = 'cu_seqlens, a_kernel, x_t1, <code>h_t = Ā^t h_0</code> and 2^5';
    expect(indexed(kept)).toBe(kept);
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

  it('shows sections with the words side by side first, and explanations before declarations', () => {
    const texts = {
      'api/nn.html#Carry': 'The carry, a lost one too.',
      'docs/a.html': 'A carry is passed on. Nothing is lost.',
      'docs/b.html': 'Here is a lost carry at T = 1, a < b.',
    };
    const found = Object.keys(texts).map((id) => ({ id, heading: 'One', page: 'One', terms: ['lost', 'carry'] }));
    const first = (words: string) => besideFirst(found, words, texts).map(({ id }) => id)[0];
    for (const words of ['lost carry', 'Lost-car', ' t = 1']) expect(first(words)).toBe('docs/b.html');
    expect(first('carry lost')).toBe(found[0]!.id);
    expect(besideFirst(found, 'lost carry', texts).map(({ id }) => id)).toEqual([
      'docs/b.html',
      found[0]!.id,
      'docs/a.html',
    ]);
    const weight = (id: string, heading: string) => findOptions.boostDocument(id, 'carry', { heading });
    expect(weight('docs/a.html', 'Carry')).toBeGreaterThan(weight('api/nn.html#a', 'a function'));
    expect(weight('api/nn.html#a', 'a function')).toBeGreaterThan(weight('api/nn.html#Carry', 'Carry type'));
    // a short word is not the beginning of others, nor nearly another: list is not lost
    expect(findOptions.fuzzy('lost')).toBe(false);
    expect([findOptions.prefix('t'), findOptions.fuzzy('t')]).toEqual([false, false]);
    expect(findOptions.prefix('car')).toBe(true);
    expect(excerptOf(texts['docs/b.html']!, 'lost carry', ['lost', 'carry'])).toBe(
      'Here is a <mark>lost</mark> <mark>carry</mark> at T = 1, a &lt; b.',
    );
    expect(excerptOf('At T = 1 (a|b).', 't = 1', ['t', '=', '1', 'a|b'])).toBe(
      'At <mark>T</mark> <mark>=</mark> <mark>1</mark> (<mark>a|b</mark>).',
    );
    const long = `${'before '.repeat(60)}(here) ${'after '.repeat(60)}`;
    const excerpt = excerptOf(long, 'here', ['here']);
    expect(excerpt).toMatch(/^… before .*<mark>here<\/mark>\) after .* …$/);
    expect(excerpt.length).toBeLessThan(200);
  });
});
