/** @file Runs the PyTorch benchmarks, where python3 has PyTorch. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Row } from './table.ts';

// the script is not compiled, so it lies in the sources
const script = fileURLToPath(new URL('../gpu_torch.py', import.meta.url)).replace(/\/\.bench[^/]*\/bench\//, '/bench/');

/** The rows that a part of gpu_torch.py prints as JSON, one per line; a row with the reason where it does not run. */
export function torchRows(part: string, ...args: readonly string[]): Row[] {
  const { status, stdout, stderr } = spawnSync('python3', [script, part, ...args], {
    encoding: 'utf8',
    timeout: 240_000,
  });
  const rows = (stdout ?? '')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Row);
  if (status === 0) return rows;
  const why = (stderr ?? 'python3 does not run').trim().split('\n').at(-1) ?? '';
  return [...rows, { torch: `did not run: ${why}` }];
}
