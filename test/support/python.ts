/** @file Finds the Python for the adapter's tests. Without one, it replaces the tests by a message with the reason. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** A library that a test needs. */
export type Library = 'numpy' | 'torch';

// Debian's python3 has Debian's packages; another python3 earlier in PATH may lack them
const candidates = ['python3', '/usr/bin/python3'];

/** The path of a Python that has all of these libraries, or null. */
function pathOf(python: string, libraries: readonly Library[]): string | null {
  const find = `from importlib.util import find_spec as find; import sys; print(sys.executable if ${libraries.map((name) => `find('${name}')`).join(' and ')} else '')`;
  const { status, stdout } = spawnSync(python, ['-c', find], { encoding: 'utf8' });
  return status === 0 && stdout.trim() !== '' ? stdout.trim() : null;
}

/** The path of the first Python that has all of these libraries, or null. */
export const pythonWith = (...libraries: readonly Library[]): string | null =>
  candidates.reduce<string | null>((found, python) => found ?? pathOf(python, libraries), null);

/** Replaces tests that have no Python: prints one line with the file that did not run and how to run it. */
export function tellsThatItDidNotRun(file: string, ...libraries: readonly Library[]): void {
  it('prints that it did not run', () => {
    console.log(
      `${file}: not run (no python3 with ${libraries.join(' and ')}). On Debian: apt-get install python3-numpy${libraries.includes('torch') ? ' python3-torch' : ''}; elsewhere: pip install ${libraries.join(' ')}; then npx vitest run ${file}`,
    );
    expect(pythonWith(...libraries)).toBeNull();
  });
}
