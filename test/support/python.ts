/** @file Which Python runs the adapter's tests here, and what is said where none can. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Something that a Python must have for a test. */
export type Library = 'numpy' | 'torch';

// Debian's own comes with its packages; a python3 before it in PATH may know nothing of them
const candidates = ['python3', '/usr/bin/python3'];

const has = (python: string, libraries: readonly Library[]): boolean => {
  const find = `from importlib.util import find_spec; print(${libraries.map((name) => `bool(find_spec('${name}'))`).join(', ')})`;
  const { status, stdout } = spawnSync(python, ['-c', find], { encoding: 'utf8' });
  return status === 0 && !stdout.includes('False');
};

/** The first Python that has all of these, or null. */
export const pythonWith = (...libraries: readonly Library[]): string | null =>
  candidates.find((python) => has(python, libraries)) ?? null;

/** Stands for tests that have no Python: prints one line that says what was not run and how to run it. */
export function tellsThatItDidNotRun(file: string, ...libraries: readonly Library[]): void {
  it('tells that it did not run', () => {
    console.log(
      `${file}: not run (no python3 with ${libraries.join(' and ')}). On Debian: apt-get install python3-numpy${libraries.includes('torch') ? ' python3-torch' : ''}; elsewhere: pip install ${libraries.join(' ')}; then npx vitest run ${file}`,
    );
    expect(pythonWith(...libraries)).toBeNull();
  });
}
