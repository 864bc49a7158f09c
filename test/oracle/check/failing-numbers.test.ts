import { describe, expect, it } from 'vitest';
import { bfloat16 } from '../../../src/executors/profiles/profile.ts';
import type { Offer } from '../../../src/oracle/backends/backend.ts';
import { fitsOf } from '../../../src/oracle/check/failing-numbers.ts';
import type { Fit } from '../../../src/oracle/check/failure-data.ts';
import { inquire } from '../../../src/oracle/check/inquiry.ts';
import { drawsInTurn } from '../../../src/oracle/check/questions/in-turn.ts';
import { questionCase, questionDraws } from '../../../src/oracle/check/questions/question.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { programBackend } from './program-backend.ts';

const size = { cases: 20, longest: 9, seed: 1 } as const;

/** The fits of the first wrong answer of a backend whose first tensor has one wrong number, and the ratio by which it was judged. */
async function fits(
  name: string,
  mode: string,
  offer: Partial<Offer>,
): Promise<{ readonly judged: number; readonly found: Fit[] }> {
  const operator = operators.find((one) => one.name === name)!;
  const dtype = offer.dtypes?.[0] ?? 'F32';
  const backend = programBackend(
    {},
    (answer, { c }) => {
      const tensor = 'weight' in c.inputs ? 'grad/weight' : 'out/output';
      const own = answer.get(tensor)!;
      return answer.set(tensor, { ...own, data: own.data.map((x, i) => (i === own.data.length - 1 ? x + 1 : x)) });
    },
    offer,
  );
  const inquiry = inquire(backend, operator, mode, dtype);
  for (const { draw } of drawsInTurn(operator, mode, questionDraws(operator, mode, size, { compiles: false }), size)) {
    const c = questionCase(operator, dtype, draw);
    const outcome = await inquiry.ask(c);
    const judgement = outcome.is === 'wrong' ? outcome.wrong.judged!.judgement : null;
    if (outcome.is !== 'wrong' || judgement!.mismatches.some(({ worst }) => worst === null)) continue;
    const judged = Math.max(...judgement!.mismatches.map(({ worst }) => worst!.ratio));
    return { judged, found: fitsOf(inquiry, { c, wrong: outcome.wrong }) };
  }
  throw new Error('no answer was wrong');
}

describe('how well an answer fits each way to compute', () => {
  it('is first as the answer was judged: by the declared form, which is not listed again', async () => {
    const plain = await fits('linearScan', 'recurrent', {});
    const { judged, found } = await fits('linearScan', 'recurrent', { form: { recurrent: 'quotients' } });
    expect(plain.found[0]!.ratio).toBe(plain.judged);
    expect(found[0]).toEqual({ says: expect.stringContaining(', as cumulative sums of b divided'), ratio: judged });
    expect(judged).not.toBe(plain.judged);
    expect(found.filter(({ says }) => says.startsWith('as cumulative sums'))).toEqual([]);
  });

  it('counts declared atomic additions in every line', async () => {
    const offer = { dtypes: ['BF16'], precision: { BF16: bfloat16 } } as const;
    const [plain, atomic] = [
      await fits('rmsNorm', 'whole', offer),
      await fits('rmsNorm', 'whole', { ...offer, atomic: { 'grad/weight': 'bt' } }),
    ];
    expect(atomic.found[0]!.ratio).toBe(atomic.judged);
    atomic.found.forEach(({ ratio }, i) => {
      expect(ratio).toBeLessThan(plain.found[i]!.ratio);
    });
  });
});
