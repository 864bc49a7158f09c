import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';
import { blocksOf, made, pageText } from './blocks.ts';
import { curvesOf } from './results-blocks.ts';

const folder = join(root, 'docs/results');
const page = pageText('docs/results.md');
const shown = blocksOf(page);
const named = (end: string): string[] =>
  readdirSync(folder).flatMap((name) => (name.endsWith(end) ? [name.slice(0, -end.length)] : []));

describe('docs/results.md', () => {
  it.each(shown)('shows the table of $name', async (block) => {
    expect(block.text).toBe(await made(block));
  });

  it('shows every grid and every figure beside it', () => {
    expect(shown.map(({ name }) => name).sort()).toEqual(named('.json').sort());
    const figures = [...page.matchAll(/!\[.+?\]\(results\/(.+?)\.svg\)/g)].map(([, name]) => name!);
    expect(figures.sort()).toEqual(named('.svg').sort());
  });

  // the recipe's runs are not kept
  it.each(named('.svg').filter((name) => name !== 'recipe'))('has the curves of %s', (name) => {
    expect(readFileSync(join(folder, `${name}.svg`), 'utf8')).toBe(curvesOf(name));
  });
});
