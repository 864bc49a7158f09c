import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { discover } from '../../src/vectors/discover.ts';
import { naiveRetention } from '../../src/vectors/fla.ts';
import { type LoadedCase, loadCase } from '../../src/vectors/load.ts';
import { runCase } from '../../src/vectors/run-case.ts';

const folder = fileURLToPath(new URL('fla', import.meta.url));
const cases = discover([folder])
  .files.map(loadCase)
  .filter(({ config }) => config.kind === 'naive_retention');
const statuses = (loaded: LoadedCase) =>
  Object.fromEntries(runCase(loaded, naiveRetention, []).map(({ name, status }) => [name, status]));

describe('naive retention of flash-linear-attention', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s: outputs and gradients agree', (_, loaded) => {
    expect(loaded.problems).toEqual([]);
    expect(statuses(loaded)).toEqual({
      'out/o': 'passed',
      'out/scalar': 'passed',
      'grad/in/q': 'passed',
      'grad/in/k': 'passed',
      'grad/in/v': 'passed',
    });
  });

  it('fails if an input is changed', () => {
    const { tensors, ...rest } = cases[0]!;
    const q = tensors.get('in/q')!;
    const other = new Map(tensors).set('in/q', { ...q, data: q.data.with(5, q.data[5]! + 1e-6) });
    expect(statuses({ ...rest, tensors: other })).toMatchObject({ 'out/o': 'failed', 'grad/in/k': 'failed' });
  });

  it.each([
    ['layout', 'BTHD', 'config.layout is "BTHD"; expected one of "BHTD"'],
    ['dk', 5, 'in/q has shape [1, 2, 9, 4], by the config it is [1, 2, 9, 5]'],
    ['heads', '2', 'config.heads is "2"; expected an integer ≥ 1'],
  ])('refuses a config whose %s is %s', (key, value, message) => {
    const { config, ...rest } = cases[0]!;
    const results = runCase({ ...rest, config: { ...config, [key]: value } }, naiveRetention, []);
    expect(results).toHaveLength(5);
    for (const { status, reason } of results) {
      expect(status).toBe('failed');
      expect(reason).toContain(message);
    }
  });
});
