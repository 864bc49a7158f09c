import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestIn } from '../../../../src/oracle/axes.ts';
import { type Case, fill } from '../../../../src/oracle/case.ts';
import { lengthsOf } from '../../../../src/oracle/check/diagnosis/resized.ts';
import { questionDraws } from '../../../../src/oracle/check/questions/question.ts';
import { slim } from '../../../../src/oracle/check/smallest/slimmer.ts';
import { domainFrom } from '../../../../src/oracle/domain/declared.ts';
import { layoutOf } from '../../../../src/oracle/layout.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { retention } from '../../../../src/oracle/operators/retention/operator.ts';

const named = (name: string): Operator => operators.find((one) => one.name === name)!;

describe('cases of real sizes', () => {
  const layoutsOf = (name: string, mode: string, longest: number) =>
    fc
      .sample(questionDraws(named(name), mode, { cases: 5, longest, sizes: 'real' }, { compiles: false })(0), {
        numRuns: 40,
        seed: 1,
      })
      .map(({ layout }) => layout);

  it.each([
    ['retention', 'chunkwise'],
    ['retention', 'recurrent'],
    ['simpleGla', 'parallel'],
    ['stateSpaceDuality', 'chunkwise'],
    ['linearScan', 'scan'],
    ['selectiveScan', 'scan'],
    ['attention', 'parallel'],
  ])('%s in mode %s has long sequences and wide heads, as far as its reference takes seconds', (name, mode) => {
    const layouts = layoutsOf(name, mode, 4096);
    const lengths = layouts.map((layout) => longestIn(named(name), layout));
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(64);
    expect(Math.max(...lengths)).toBeGreaterThanOrEqual(1000);
    const widest = layouts.map(({ outputs }) => Math.max(...Object.values(outputs).map((shape) => shape.at(-1)!)));
    expect(Math.max(...widest)).toBeGreaterThanOrEqual(64);
    const numbers = layouts.map(({ inputs }) =>
      Object.values(inputs).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    );
    expect(Math.max(...numbers)).toBeLessThan(2 ** 25);
  });

  it('have the chunks that a domain asks for', () => {
    const domain = domainFrom({ settings: { chunkSize: 64 }, axes: { h: 4, t: { atLeast: 1024 } } }, 'mine');
    const size = { cases: 5, longest: 4096, sizes: 'real' } as const;
    const drawn = questionDraws(retention, 'chunkwise', size, { compiles: false, domain })(0);
    const chunks = fc.sample(drawn, { numRuns: 20, seed: 1 }).map(({ layout }) => layout.settings.chunkSize);
    expect(new Set(chunks)).toEqual(new Set([64]));
  });

  it('are no longer than asked for, and not those of whole models', () => {
    expect(layoutsOf('retention', 'chunkwise', 100).every((layout) => longestIn(retention, layout) <= 100)).toBe(true);
    expect(layoutsOf('retNet', 'parallel', 8).every((layout) => longestIn(named('retNet'), layout) <= 8)).toBe(true);
  });
});

describe('a large failing case is cut to a small one', () => {
  const layout = layoutOf(retention.signature.text, {
    lengths: { b: 1, h: 2, t: 1500, d: 5, e: 6 },
    settings: { decay: [0.5, 0.75], chunkSize: 64, position: 0 },
  });
  const large = { c: fill(layout, 1, 'normal'), layout };
  const cut = async (fails: (c: Case) => boolean): Promise<{ lengths: unknown; asked: number; decay: unknown }> => {
    let asked = 0;
    const { c } = await slim(retention, large, async (smaller) => {
      asked++;
      expect(Object.keys(smaller.layout.inputs)).toEqual(Object.keys(smaller.c.inputs));
      return fails(smaller.c);
    });
    return { lengths: lengthsOf(retention, c), asked, decay: c.settings.decay };
  };

  it('that is as long as it has to be', async () => {
    const { lengths, asked, decay } = await cut((c) => lengthsOf(retention, c).t! > 1024);
    expect([lengths, decay]).toEqual([{ b: 1, h: 1, t: 1025, d: 1, e: 1 }, [0.5]]);
    expect(asked).toBeLessThan(30);
  });

  it('that is as wide as it has to be', async () => {
    const { lengths } = await cut((c) => lengthsOf(retention, c).e! > 4 && lengthsOf(retention, c).h! > 1);
    expect(lengths).toEqual({ b: 1, h: 2, t: 1, d: 1, e: 5 });
  });

  it('or left alone, if nothing smaller fails', async () => {
    expect((await cut(() => false)).lengths).toEqual({ b: 1, h: 2, t: 1500, d: 5, e: 6 });
  });
});
