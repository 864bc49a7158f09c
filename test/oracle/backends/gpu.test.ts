import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { Answer, Question } from '../../../src/oracle/backends/backend.ts';
import { openGpu } from '../../../src/oracle/backends/gpu.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { allowedFor, profileOf } from '../../../src/oracle/check/verdict/allowed.ts';
import { judged } from '../../../src/oracle/check/verdict/judged.ts';
import { fuseByAddition } from '../../../src/oracle/operators/fuse-by-addition/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { retention } from '../../../src/oracle/operators/retention/operator.ts';
import { casesOf } from '../../support/bounded-trial.ts';

const backend = await openGpu('webasm');
afterAll(() => backend.close());

const [first] = fc.sample(casesOf(retention, 'chunkwise', 6, profileOf.F32), { numRuns: 1, seed: 1 }) as [Case];
const question: Question = { operator: 'retention', mode: 'chunkwise', dtype: 'F32', gradients: true, c: first };

const findings = (answer: Answer, { c, mode, dtype, gradients }: Question): unknown =>
  answer.kind === 'numbers'
    ? judged(allowedFor(retention, { mode, dtype, gradients, c }), answer.tensors, 1).mismatches
    : answer;

it('names the device, and offers every operator in every mode', () => {
  expect(backend.description.name).toBe('gpu.js on webasm (fused-sync)');
  const offered = Object.entries(backend.description.operators).map(([name, { modes }]) => [name, modes]);
  expect(offered).toEqual(operators.map(({ name, modes }) => [name, Object.keys(modes)]));
});

it.each([true, false])('answers with gradients: %s', async (gradients) => {
  const asked = { ...question, gradients };
  const answer = await backend.answer(asked);
  expect(findings(answer, asked)).toEqual([]);
});

it('compiles for each shape and setting, not for other numbers', async () => {
  const start = performance.now();
  await backend.answer(question);
  const doubled = { ...first.inputs, q: { ...first.inputs.q!, data: first.inputs.q!.data.map((x) => 2 * x) } };
  const others = { ...question, c: { ...first, inputs: doubled } };
  for (let i = 0; i < 20; i++) expect(findings(await backend.answer(others), others)).toEqual([]);
  // twenty compilations would take longer
  expect(performance.now() - start).toBeLessThan(2000);
  const decay = (first.settings.decay as number[]).map(() => 0.25);
  const slower = { ...question, c: { ...first, settings: { ...first.settings, decay } } };
  expect(findings(await backend.answer(slower), slower)).toEqual([]);
});

it('reports unsupported questions and failures', async () => {
  expect(await backend.answer({ ...question, dtype: 'F64' })).toMatchObject({ kind: 'unsupported' });
  const unknown = await backend.answer({ ...question, mode: 'fast' });
  expect(unknown).toMatchObject({ kind: 'failure', failure: { kind: 'said-so' } });
  const wrong = { ...first, inputs: { ...first.inputs, q: { shape: [1, 1], data: Float64Array.of(1) } } };
  const answer = await backend.answer({ ...question, c: wrong });
  expect(answer).toMatchObject({ kind: 'failure' });
});

it('evicts the oldest of many shapes, and compiles it again when asked', { timeout: 120_000 }, async () => {
  const ask = async (t: number): Promise<void> => {
    const h = { shape: [1, t, 1], data: new Float64Array(t).fill(t) };
    const c = { ...first, inputs: { h }, cotangents: { fused: h }, settings: {} };
    const answer = await backend.answer({ ...question, operator: fuseByAddition.name, mode: 'whole', c });
    expect(answer.kind === 'numbers' && [...answer.tensors.get('out/fused')!.data]).toEqual([...h.data]);
  };
  for (let t = 1; t <= 60; t++) await ask(t);
  await ask(1);
});
