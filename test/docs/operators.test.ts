import { describe, expect, it } from 'vitest';
import { sampleCases } from '../../src/oracle/draw.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { blocksOf, made, pageText } from './blocks.ts';

const page = pageText('docs/operators.md');

/** The operators that have a section. */
const headings = [...page.matchAll(/^## (.*)$/gm)].flatMap(([, heading]) => heading!.split(', '));

/** Whether the page names a tensor: by its last word, after any path, optionally with an index. */
const isNamed = (tensor: string): boolean => {
  const word = tensor
    .replace(/\.\d+$/, '')
    .split('.')
    .at(-1)!;
  return new RegExp(`\`[^\`\n]*\\b${word}(\\.[ijl])?\``).test(page);
};

describe('docs/operators.md', () => {
  it.each(operators.map((operator) => [operator.name, operator] as const))(
    'has %s with its inputs, outputs and settings',
    (name, operator) => {
      const drawn = sampleCases(operator, { longest: 6 }, 100, 1);
      const tensors = new Set(drawn.flatMap((c) => [...Object.keys(c.inputs), ...Object.keys(c.cotangents)]));
      expect(headings).toContain(name);
      expect(blocksOf(page).filter((block) => block.kind === 'tensors' && block.name === name)).toHaveLength(1);
      expect([...tensors].filter((tensor) => !isNamed(tensor))).toEqual([]);
      expect(Object.keys(drawn[0]!.settings).filter((setting) => !page.includes(`\`${setting}\``))).toEqual([]);
    },
  );

  it.each([...blocksOf(page), ...blocksOf(pageText('docs/protocol.md'))])(
    'and docs/protocol.md show the generated $kind $name',
    async (block) => {
      expect(block.text).toBe(await made(block));
    },
  );

  it('the check of names rejects a missing tensor', () => {
    expect(isNamed('param.layers.0.nothing')).toBe(false);
    expect(isNamed('in/elsewhere')).toBe(false);
  });
});
