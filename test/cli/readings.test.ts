import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReadings } from '../../spec/readings.ts';
import { readingLines } from '../../src/cli/readings.ts';
import { wrapped } from '../../src/oracle/text.ts';
import { root } from '../support/root.ts';
import { densessm, densessmHere, program } from './run.ts';

describe('densessm readings', { timeout: 60_000 }, () => {
  it('prints every reading with its options and its reason', () => {
    const { status, stdout } = densessm('readings');
    expect(status).toBe(0);
    const text = stdout.replace(/\s+/g, ' ');
    for (const { name, readings, reason } of openReadings) {
      const row = stdout.split('\n').find((line) => line.startsWith(`${name} `))!;
      for (const one of readings) expect(row).toContain(one);
      expect(text).toContain(reason);
    }
    expect(stdout).not.toContain('\u001b');
  });

  it('shows the choice of the authors, or that none is known', () => {
    const rows = readingLines(openReadings, 100);
    const row = (name: string): string => rows.find((line) => line.startsWith(`${name} `))!.replace(/ +/g, ' ');
    expect(row('fusedNorm')).toBe('fusedNorm none rms rms C k and v');
    expect(row('pass')).toBe('pass raw fused raw C both');
    expect(row('carry')).toBe('carry raw fused - F S R states');
    expect(row('gateInput')).toBe('gateInput normed u - ours states');
    expect(row('earlyLayers')).toBe('earlyLayers available none known available C both');
  });

  it.each([80, 100, 200])('fits into %i columns', (width) => {
    for (const line of readingLines(openReadings, width)) expect(line.length).toBeLessThanOrEqual(width);
  });

  it('prints the same data as JSON', () => {
    expect(JSON.parse(densessm('readings', '--json').stdout)).toEqual({
      schema: 'densessm/readings',
      version: 1,
      ok: true,
      readings: openReadings,
    });
  });

  it('prints one line with --quiet', () => {
    const ours = openReadings.filter(({ evidence }) => evidence.length === 0).length;
    expect(densessm('readings', '--quiet')).toMatchObject({
      status: 0,
      stdout: `${openReadings.length} open readings, ${ours} of them settled by our own choice\n`,
    });
  });

  it('takes the width of the terminal', () => {
    const narrow = `process.stdout.columns = 60; process.argv[2] = 'readings'; await import('${program}');`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', narrow, 'x'], {
      encoding: 'utf8',
    });
    const reasons = stdout.split('\n').filter((line) => line.startsWith('    '));
    expect(reasons.length).toBeGreaterThan(openReadings.length);
    for (const line of reasons) expect(line.length).toBeLessThanOrEqual(60);
  });
});

describe('densessm readings NAME', { timeout: 60_000 }, () => {
  it('shows one reading with the cases of docs/readings.md', async () => {
    const { status, stdout } = await densessmHere('readings', 'FFNactivation');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ffnActivation: 1 of 1 pairs of options told apart$/m);
    const page = readFileSync(join(root, 'docs/readings.md'), 'utf8');
    const [, block] = page.match(/<!-- case: ffnActivation -->\n+```text\n([\s\S]*?)```/)!;
    expect(stdout).toContain(block);
    expect(stdout).not.toMatch(/^pass /m);
  });

  it('prints the case as JSON, and names the nearest reading on a miss', async () => {
    const { readings } = JSON.parse((await densessmHere('readings', 'earlyLayers', 'scoreScaling', '--json')).stdout);
    expect(readings.map(({ name, apart }: { name: string; apart: object[] }) => [name, apart.length])).toEqual([
      ['earlyLayers', 0],
      ['scoreScaling', 1],
    ]);
    const { status, stderr } = await densessmHere('readings', 'cary');
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("(did you mean 'carry'?)") });
  });
});

describe('wrapped', () => {
  it('breaks between words and keeps every word', () => {
    expect(wrapped('a bc def', 4)).toEqual(['a bc', 'def']);
    expect(wrapped('a bc def', 3)).toEqual(['a', 'bc', 'def']);
    expect(wrapped('abcdef a', 3)).toEqual(['abcdef', 'a']);
  });
});
