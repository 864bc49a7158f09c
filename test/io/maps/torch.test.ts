/** @file Exported models against PyTorch: the same logits under the names of their projects, in f64 to 1e-10. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { exportModel, writeFolderWhole } from '../../../src/io/index.ts';
import { pythonWith, tellsThatItDidNotRun } from '../../support/python.ts';
import { cases, logitsOf } from './cases.ts';

const torch = pythonWith('numpy', 'torch');
const folder = mkdtempSync(join(tmpdir(), 'densessm-maps-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ids = [
  [3, 0, 7, 7, 1, 10],
  [9, 2, 2, 5, 0, 4],
];

/** Logits of the folders' models by PyTorch. */
function logitsByTorch(python: string, folders: readonly string[]): number[][] {
  const script = new URL('foreign_models.py', import.meta.url).pathname;
  return JSON.parse(
    execFileSync(python, [script], { input: JSON.stringify({ folders, ids }), encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );
}

if (torch === null) tellsThatItDidNotRun('test/io/maps/torch.test.ts', 'numpy', 'torch');
else {
  const folders = cases.map((one, i) => {
    const path = join(folder, String(i));
    writeFolderWhole(path, exportModel(one, one.project));
    return path;
  });
  const theirs = logitsByTorch(torch, folders);

  it.each(cases.map((one, i) => [one.project, one.model, one.what, i] as const))(
    '%s: %s, %s, has the logits of PyTorch',
    (_project, _model, _what, i) => {
      const ours = logitsOf(cases[i]!, ids);
      expect(theirs[i]!.length).toBe(ours.length);
      const largest = Math.max(...ours.map((x, at) => Math.abs(x - theirs[i]![at]!)));
      expect(largest).toBeLessThan(1e-10);
      // and they are of this size, so that 1e-10 says something
      expect(Math.max(...ours.map(Math.abs))).toBeGreaterThan(0.5);
    },
  );
}
