import { describe, expect, it } from 'vitest';
import { blocksOf, made, pageText } from './blocks.ts';

const shown = blocksOf(pageText('docs/degradation.md'));

describe('docs/degradation.md', { timeout: 300_000 }, () => {
  it('shows stacks and models', () => {
    expect(shown.map(({ kind }) => kind)).toEqual(['output', 'output']);
  });

  it.each(shown)('shows the output of densessm $name', async (block) => {
    expect(block.text).toBe(await made(block));
  });
});
