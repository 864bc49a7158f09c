/** @file Runs the PyTorch benchmarks if python3 has PyTorch. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Row } from './table.ts';

// the script is not compiled, so it is in the source folder
const script = fileURLToPath(new URL('../gpu_torch.py', import.meta.url)).replace(/\/\.bench[^/]*\/bench\//, '/bench/');

/** Runs a part of gpu_torch.py and returns the rows that it prints as JSON lines. If it fails, returns one row with the reason. */
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
