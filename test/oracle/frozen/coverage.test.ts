import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatSafetensors, type TensorToStore } from '../../../src/io/safetensors.ts';
import { coverageOf, reachedCase } from '../../../src/oracle/frozen/coverage.ts';
import { givenTensors } from '../../../src/oracle/frozen/files.ts';
import { presets } from '../../../src/oracle/frozen/presets.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { recordedIn } from '../../../src/vectors/frozen/folder.ts';
import { casesOf } from './support.ts';

describe('the coverage of a set of cases', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coverage-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const scan = operators.find(({ name }) => name === 'linearScan')!;
  const small = { candidates: 3, most: 100, cases: 1 };
  const [plain, padded] = ['recurrent', 'scan/padded'].map(
    (mode) => casesOf({ ...presets.nano, ...small, modesOf: () => [mode] }, 'linearScan')[0]!,
  );
  const size = { questions: 6, seed: 1 };

  it('is empty without cases', () => {
    const { equations, operators: rows, faults } = coverageOf([], [scan], size);
    expect(equations.reached).toEqual([]);
    expect(equations.missing).toHaveLength(25);
    expect(rows[0]).toMatchObject({ operator: 'linearScan', cases: 0, types: [], modes: { reached: [] } });
    expect(rows[0]!.modes.missing).toHaveLength(9);
    expect(rows[0]!.branches.missing).toEqual(expect.arrayContaining(['several tokens', 'padding left', 'input a']));
    expect([faults.reached, faults.missing]).toEqual([[], expect.arrayContaining(['state-ignored'])]);
  });

  it('has what cases take and catch, each once', () => {
    const [row] = coverageOf([plain!, padded!, plain!], [scan], size).operators;
    expect(row).toMatchObject({ cases: 3, types: ['F32'], modes: { reached: ['recurrent', 'scan/padded'] } });
    expect(row!.branches.reached).toEqual(expect.arrayContaining(['several tokens', 'gradients of all outputs']));
    expect(row!.branches.reached.some((one) => one.startsWith('padding '))).toBe(true);
    for (const { reached, missing } of [row!.modes, row!.branches, row!.faults])
      expect(new Set([...reached, ...missing]).size).toBe(reached.length + missing.length);
    expect(row!.faults.reached.toSorted()).toEqual([...new Set([...plain!.catches, ...padded!.catches])].toSorted());
  });

  it('has the equations of the operators with cases', () => {
    const of = (name: string): number[] => {
      const [one] = casesOf({ ...presets.nano, ...small, modesOf: () => ['whole'] }, name);
      return [...coverageOf([one!], operators, { questions: 0, seed: 1 }).equations.reached];
    };
    expect(of('gate')).toEqual(operators.find(({ name }) => name === 'gate')!.equations);
  });

  /** A recorded question about a scan. */
  const record = (name: string, change: (tensors: Map<string, TensorToStore>, texts: Map<string, string>) => void) => {
    const tensors = givenTensors(plain!, plain!.c);
    const texts = new Map(Object.entries({ operator: 'linearScan', mode: 'recurrent', type: 'F32', settings: '{}' }));
    change(tensors, texts);
    writeFileSync(join(folder, 'one.safetensors'), formatSafetensors(tensors, texts));
    return recordedIn(folder).map(({ tensors: read, ...asking }) => ({ ...reachedCase(asking, read), name }));
  };

  it('computes what recorded questions would catch, with gradients and without', () => {
    const [whole] = record('whole', () => {});
    expect(whole!.catches.toSorted()).toEqual(plain!.catches);
    const [outputs] = record('outputs', (tensors) => {
      for (const name of [...tensors.keys()]) if (name.startsWith('cotangent/')) tensors.delete(name);
    });
    expect(whole!.catches).toContain('all-detached');
    expect(outputs!.catches).not.toContain('all-detached');
    expect(outputs!.catches).toContain('reads-next-token');
    const [row] = coverageOf([outputs!], [scan], size).operators;
    expect(row!.branches.reached).toContain('no gradients');
  });

  it.each<[string, (tensors: Map<string, TensorToStore>, texts: Map<string, string>) => void, string]>([
    ['an unknown operator', (_, texts) => texts.set('operator', 'linearscan'), 'does not know linearscan'],
    ['an unknown mode', (_, texts) => texts.set('mode', 'whole'), 'does not know linearScan whole'],
    ['no settings', (_, texts) => texts.delete('settings'), 'has no settings in its __metadata__'],
    [
      'a missing input',
      (tensors) => tensors.delete('in/a'),
      'one.safetensors: is no question about linearScan recurrent (the file lacks in/a; record in/a, in/b, in/state)',
    ],
    [
      'a missing cotangent',
      (tensors) => tensors.delete('cotangent/state'),
      'one.safetensors: is no question about linearScan recurrent (the file lacks cotangent/state; record ',
    ],
    [
      'an unknown input',
      (tensors) => tensors.set('in/stat', { dtype: 'F32', shape: [1], data: [1] }),
      'one.safetensors: is no question about linearScan recurrent (it does not take in/stat',
    ],
    ['another shape', (tensors) => tensors.set('in/a', { dtype: 'F32', shape: [1], data: [1] }), 'is no question'],
  ])('refuses %s in one sentence', (name, change, says) => {
    expect(() => record(name, change)).toThrow(says);
  });

  it('refuses a fault that densessm does not know in the mode', () => {
    const asking = { file: 'one.safetensors', operator: 'linearScan', mode: 'recurrent', type: 'F32', settings: {} };
    const { catches } = reachedCase(asking, new Map(), ['all-detached']);
    expect(catches).toEqual(['all-detached']);
    for (const odd of ['everything', 'operands-swapped'])
      expect(() => reachedCase(asking, new Map(), ['all-detached', odd])).toThrow(
        `one.safetensors: catches "${odd}", no known fault of linearScan recurrent; write the folder again with this version`,
      );
  });

  it('counts no faults and no modes that densessm does not know', () => {
    const odd = { ...plain!, mode: 'recurrent', catches: ['everything', ...plain!.catches] };
    const [known, told] = [plain!, odd].map((one) => coverageOf([one], [scan], size));
    expect(told).toEqual(known);
  });

  it('refuses a folder without questions', () => {
    expect(() => recordedIn(join(folder, 'none'))).toThrow('does not exist');
    const empty = mkdtempSync(join(folder, 'empty-'));
    expect(() => recordedIn(empty)).toThrow('holds no manifest.json of written vectors and no *.safetensors');
  });
});
