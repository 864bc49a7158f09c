import { expect, it } from 'vitest';
import { profiles } from '../../src/executors/profiles/profile.ts';
import { head } from '../support/sharpness/table.ts';
import { blocksOf, pageText } from './blocks.ts';

it('docs/tolerances.md says how sharp the bounds are at each profile', () => {
  const [block] = blocksOf(pageText('docs/tolerances.md')).filter(({ kind }) => kind === 'sharpness');
  const [names, , ...rows] = block!.text.trim().split('\n');
  expect(names).toBe(`| ${head.join(' | ')} |`);
  expect(rows.map((row) => row.split('`')[1])).toEqual(Object.keys(profiles));
});
