import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkVectors } from '../../src/vectors/check.ts';
import { formatReport } from '../../src/vectors/report.ts';
import { double, inTemporaryFolder, toyAdapters, toyCase, writeFamily } from '../support/toy-vectors.ts';

/** The lines of a report, with placeholders for paths and times. */
const lines = (root: string, adapters = toyAdapters): string[] =>
  formatReport(checkVectors([root], { adapters }))
    .replaceAll(root, 'ROOT')
    .replaceAll(/\d+ ms/g, '0 ms')
    .replaceAll(/\d+\.\d s/g, '0.0 s')
    .split('\n');

describe('a report', () => {
  it('lists passed and failed tensors with positions, and cases that were not compared', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', [
        toyCase('a'),
        toyCase('b', {
          'out/y': { dtype: 'F64', shape: [3], data: [2, -4, 1.5] },
          'out/n\u001b\n': { dtype: 'F64', shape: [], data: [1] },
          'out/m': { dtype: 'F64', shape: [], data: [1] },
        }),
        { ...toyCase('c'), config: { kind: 'triple' } },
      ]);
      writeFamily(root, 'other', [{ ...toyCase('d'), config: {} }]);
      writeFileSync(join(family, 'e.safetensors'), '');
      expect(lines(root)).toEqual([
        'passed  toy/a  4 tensors  worst error 0.0 % of the allowed (out/y)  0 ms',
        'failed  toy/b  3 of 6 tensors failed  worst error 3.1e+9 × the allowed (out/y)  0 ms',
        'failed  unknown/e  0 tensors  1 problem  0 ms',
        '',
        'failed:',
        '  toy/b out/y: element [2] is 1, expected 1.5; error 5.0e-1, allowed 1.6e-10',
        '  toy/b out/n��, out/m: the adapter does not compute it',
        '',
        'problems:',
        '  ROOT/toy/e.safetensors: is not listed in manifest.json; list or remove it',
        '  ROOT/toy/e.safetensors: 0 bytes are no safetensors file, which begins with 8; the file is damaged or was cut off: fetch or write it again',
        '',
        'not covered yet:',
        '  other: 1 case',
        '  toy (triple): 1 case',
        '',
        'FAILED: 1 case passed, 2 failed, 2 not covered; 7 tensors passed, 3 failed, 0 waived; 2 problems; 0.0 s',
      ]);
    }));

  it('lists waived tensors with reasons, and ends with PASSED', () =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'toy', [toyCase('a', { 'out/m': { dtype: 'F64', shape: [], data: [1] } })]);
      const adapters = {
        toy: { '*': (one: Parameters<typeof double>[0]) => ({ ...double(one), waived: { 'out/m': 'no formula' } }) },
      };
      const text = lines(root, adapters);
      expect(text).toContain('  1 tensor: no formula');
      expect(text.at(-1)).toMatch(
        /^PASSED: 1 case passed, 0 failed, 0 not covered; 4 tensors passed, 0 failed, 1 waived/,
      );
    }));

  it('ends with NOTHING COMPARED if nothing was compared', () =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'other', [toyCase('a')]);
      expect(lines(root).at(-1)).toMatch(/^NOTHING COMPARED: /);
    }));
});
