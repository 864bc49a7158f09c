import { describe, expect, it } from 'vitest';
import { equations } from '../../spec/registry.ts';
import { blocksOf, made, pageText } from './blocks.ts';

const pages = ['docs/equations.md', 'docs/reading-the-spec.md', 'spec/GLOSSARY.md'] as const;
const shown = pages.flatMap((page) => blocksOf(pageText(page)).map((block) => ({ page, ...block })));

describe('pages about the specification', () => {
  it.each(shown)('$page shows $kind $name', async (block) => {
    expect(block.text).toBe(await made(block));
  });

  it('have all generated parts', () => {
    expect(shown.map(({ kind }) => kind)).toEqual(['equations', 'chapters', 'evidence', 'laws', 'evidence']);
  });
});

describe('docs/equations.md', () => {
  const page = pageText('docs/equations.md');

  it('shows every formula as GitHub renders it, under the heading that the list links to', () => {
    const formulas = [...page.matchAll(/^```math\n(.*)\n```$/gm)].map(([, formula]) => formula);
    expect(formulas).toEqual(
      equations.flatMap(({ latex, otherwise }) => [latex, ...(otherwise ? [otherwise.latex] : [])]),
    );
    const anchors = [...page.matchAll(/^\| \[\d+\]\(#(.*?)\)/gm)].map(([, anchor]) => anchor);
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, text]) =>
      text!.toLowerCase().replace(/[^a-z0-9 -]/g, ''),
    );
    expect(anchors).toEqual(headings.map((text) => text.replaceAll(' ', '-')));
  });

  it('states for every equation that its number is not verified, independent of the marks', () => {
    expect(page.match(/^- Number: not verified against the PDF/gm)).toHaveLength(equations.length);
    expect(page.match(/^- Evidence: .*verified/gm)).toBeNull();
  });

  it('warns about equation numbers from 14 on', () => {
    const numbers = [...page.matchAll(/^- Number: .*may be Eq\. (\d+) in the paper/gm)].map(([, number]) =>
      Number(number),
    );
    expect(numbers).toEqual(equations.map(({ number }) => number + 1).filter((number) => number > 14));
  });
});
