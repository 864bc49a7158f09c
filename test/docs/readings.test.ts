import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openReadings } from '../../spec/readings.ts';
import { compared, questionCases } from '../../src/oracle/readings/apart.ts';
import { questions } from '../../src/oracle/readings/questions.ts';
import { blocksOf, made, pageText } from './blocks.ts';

const page = pageText('docs/readings.md');
const shown = blocksOf(page);

describe('docs/readings.md', { timeout: 300_000 }, () => {
  it('has a heading and a default for every open reading', () => {
    for (const reading of openReadings) {
      const [, section] = page.split(`### \`${reading.name}\``);
      expect(section, reading.name).toBeDefined();
      const text = section!.split('\n#')[0]!;
      for (const one of reading.readings) expect(text).toContain(`\`${one}\``);
      const evidence = reading.evidence.length === 0 ? 'Ours' : `Evidence ${reading.evidence.join(', ')}`;
      expect(text, reading.name).toContain(evidence);
      if (reading.readings.length > 1) expect(text).toContain(`\`${reading.default}\` (default`);
    }
  });

  it('has a question for every pair of the default and another reading', () => {
    expect(shown.map(({ name }) => name).sort()).toEqual(questions.map(({ name }) => name).sort());
    for (const { name, readings } of openReadings) {
      const told = new Set(questions.filter(({ reading }) => reading === name).flatMap(({ between }) => between));
      if (readings.length > 1) expect([...told].sort()).toEqual([...readings].sort());
    }
  });

  it.each(shown)('shows the smallest case for $name', async (block) => {
    expect(block.text).toBe(await made(block));
  });
});

describe('the other statements of docs/readings.md', { timeout: 120_000 }, () => {
  const ask = (name: string) => questions.find((question) => question.name === name)!;

  it('raw and fused carry give equal outputs but different states at T = 1, and different outputs at T = 2', () => {
    const question = ask('carry');
    const parted = { one: 0, two: 0, states: 0 };
    fc.assert(
      fc.property(questionCases(question), (c) => {
        const { differ, agree } = compared(question, c);
        if (c.inputs.x!.shape[1] === 1) {
          expect(agree).toContain('output');
          parted.one++;
          if ('state' in differ) parted.states++;
        } else if ('output' in differ) parted.two++;
      }),
      { numRuns: 300 },
    );
    for (const count of Object.values(parted)) expect(count).toBeGreaterThan(20);
  });

  it('the phase of a rotation never changes the outputs', () => {
    const question = ask('rotationPhase');
    fc.assert(
      fc.property(questionCases(question), (c) => {
        expect(compared(question, c).agree).toContain('logits');
      }),
      { numRuns: 50 },
    );
  });
});
