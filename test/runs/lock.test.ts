import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { locked, lockName } from '../../src/runs/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, lockName);

/** What a lock of this process says. */
function sample(): Record<string, unknown> {
  const unlock = locked(folder);
  const text = readFileSync(path, 'utf8');
  unlock();
  return JSON.parse(text);
}

describe('a lock', () => {
  it('is held once, and leaves nothing', () => {
    const unlock = locked(folder);
    expect(() => locked(folder)).toThrow(`process ${process.pid} trains in this folder`);
    expect(readdirSync(folder)).toEqual([lockName]);
    unlock();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['a dead process', { pid: 2 ** 22 + 1 }],
    ['a dead process whose number has come again', { began: '1' }],
  ])('of %s is taken over', (_, changed) => {
    writeFileSync(path, JSON.stringify({ ...sample(), ...changed }));
    locked(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of another machine stays', () => {
    writeFileSync(path, JSON.stringify({ ...sample(), host: 'elsewhere.example' }));
    expect(() => locked(folder)).toThrow('on elsewhere.example trains in this folder; wait for it, or remove');
    expect(readdirSync(folder)).toEqual([lockName]);
    rmSync(path);
  });
});
