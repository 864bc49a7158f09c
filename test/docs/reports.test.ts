import { describe, expect, it } from 'vitest';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { blocksOf, made, pageText } from './blocks.ts';

const shown = (['README.md', 'docs/check-your-kernel.md'] as const).flatMap((file) =>
  blocksOf(pageText(file))
    .filter(({ kind }) => kind === 'report')
    .map((block) => ({ file, ...block })),
);

describe('the reports in the documents', () => {
  it('exist', () => {
    expect(shown).toHaveLength(8);
  });

  if (pythonWith('numpy', 'torch') === null) tellsThatItDidNotRun('test/docs/reports.test.ts', 'numpy', 'torch');
  else
    it.each(shown)('show the printed report: $file, $name', async (block) => {
      expect(block.text).toBe(await made(block));
    });
});
