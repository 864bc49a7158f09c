import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { root } from '../support/root.ts';
import { blocksOf, made, pageText } from './blocks.ts';
import { documents, programs } from './documented.ts';

const shown = documents().flatMap((file) =>
  blocksOf(pageText(file))
    .filter(({ kind }) => kind === 'example')
    .map((block) => ({ file, ...block })),
);

const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));
/** Tests run with the other tests, and a program imports the kernels. */
const alone = examples.filter((name) => !name.endsWith('.test.ts') && name !== 'kernels.ts');

describe('the programs in examples/', () => {
  // in this process: one start for all; the commands of the documents start some of them with tsx
  it.each(alone)('run: %s', { timeout: 60_000 }, async (name) => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    await import(join(root, 'examples', name));
    expect(log).toHaveBeenCalled();
    expect(process.exitCode).toBeUndefined();
  });

  it.each(examples)('are listed: %s', (name) => {
    expect(readFileSync(join(root, 'examples/README.md'), 'utf8')).toContain(`[${name}](${name})`);
  });
});

describe('the programs in the documents', () => {
  it.each(shown)('$file shows the current $name', async (block) => {
    expect(block.text).toBe(await made(block));
  });

  it('are files, so that the tests run each of them', () => {
    const texts = shown.map(({ text }) => text);
    expect(programs().filter(({ program }) => !texts.some((text) => text.includes(program)))).toEqual([]);
  });
});
