import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { locked, lockName } from '../../src/runs/lock.ts';
import { bundled } from '../support/bundled.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => rmSync(path, { recursive: true, force: true }));
const path = join(folder, lockName);

/** What a lock of this process says. */
function sample(): Record<string, unknown> {
  const lock = locked(folder);
  const text = readFileSync(join(path, readdirSync(path)[0]!), 'utf8');
  lock.free();
  return JSON.parse(text);
}

/** Leaves a lock with a text in it. */
function leave(text: string): void {
  mkdirSync(path);
  writeFileSync(join(path, 'left.json'), text);
}

describe('a lock', () => {
  it('is held once, and leaves nothing', () => {
    const lock = locked(folder);
    expect(() => locked(folder)).toThrow(`process ${process.pid} trains in this folder`);
    expect(readdirSync(folder)).toEqual([lockName]);
    lock.free();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['a dead process', { pid: 2 ** 22 + 1 }],
    ['a dead process whose number has come again', { began: '1' }],
  ])('of %s is taken over', (_, changed) => {
    leave(JSON.stringify({ ...sample(), ...changed }));
    locked(folder).free();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of another machine stays', () => {
    leave(JSON.stringify({ ...sample(), host: 'elsewhere.example' }));
    expect(() => locked(folder)).toThrow('on elsewhere.example trains in this folder; wait for it, or remove');
    expect(readdirSync(folder)).toEqual([lockName]);
  });

  it.each([
    ['was cut off', '{"pid": 1', '.lock: names no process; remove it, if no other'],
    ['is another file', '2', '.lock: names no process; remove it'],
  ])('that %s is an error', (_, text, message) => {
    leave(text);
    expect(() => locked(folder)).toThrow(message);
  });

  it('of a killed process that had not written it yet, or not removed its folder, is taken over', () => {
    mkdirSync(path);
    locked(folder).free();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that it is gone, and does not remove the lock of another', () => {
    const lock = locked(folder);
    rmSync(path, { recursive: true });
    expect(() => lock.check()).toThrow('the folder or its lock was removed while it trained; nothing more is written');
    const other = locked(folder);
    lock.free();
    other.check();
    other.free();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is taken over by one of many processes that start at once', { timeout: 60_000 }, async () => {
    // a process that waits for the others, takes the lock, and holds it while the others try
    const source = `
      import { locked } from ${JSON.stringify(await bundled('src/runs/lock.ts'))};
      process.stdin.once('data', () => {
        try { locked(${JSON.stringify(folder)}); process.stdout.write('held '); } catch { process.stdout.write('refused '); }
        process.stdin.once('data', () => process.exit());
      });
      process.stdout.write('ready ');`;
    const stale = JSON.stringify({ ...sample(), pid: 2 ** 22 + 1 });
    const many = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const said = { text: '' };
      child.stdout.on('data', (text) => (said.text += text));
      const until = async (end: RegExp) => {
        while (!end.test(said.text)) await setTimeout(2);
        return said.text;
      };
      return { child, until };
    });
    try {
      await Promise.all(many.map(({ until }) => until(/ready/)));
      leave(stale);
      for (const { child } of many) child.stdin.write('take');
      const said = await Promise.all(many.map(({ until }) => until(/held|refused/)));
      expect(said.filter((text) => text.includes('held'))).toHaveLength(1);
    } finally {
      for (const { child } of many) child.kill('SIGKILL');
    }
  });
});
