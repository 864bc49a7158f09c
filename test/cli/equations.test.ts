import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { equations } from '../../spec/registry.ts';
import { printSpecification } from '../../src/cli/equations.ts';
import { specification } from '../../src/oracle/equations.ts';
import { faults } from '../../src/oracle/faults.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { root } from '../support/root.ts';
import { captured, densessmHere } from './run.ts';

// the tests of the laws try all faults
const few = faults.filter(({ operator }) => operator.name === 'select');
const found = specification({ cases: 40, longest: 6, seed: 1 }, { equations, operators, laws, faults: few });

describe('densessm equations', () => {
  const printed = (json: boolean) => captured(() => Number(printSpecification(found, { json, quiet: false })));

  it('prints only JSON with --json: every equation, and the case at which each fault was rejected', async () => {
    const listed = JSON.parse((await printed(true)).stdout);
    const numbers = listed.equations.map(({ number }: { number: number }) => number);
    expect(numbers).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    const row = listed.operators.find(({ operator }: { operator: string }) => operator === 'select');
    expect(row.faults).toHaveLength(few.flatMap(({ rejectedBy }) => rejectedBy).length);
    for (const { rejectedAtCase, where } of row.faults) {
      expect(rejectedAtCase).toBeGreaterThan(0);
      expect(where).toMatch(/ is .*, not /);
    }
  });

  it('names what is missing, and then is not all right', async () => {
    const { status, stdout } = await printed(false);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^retention: the law 'definition' has no fault to reject$/m);
    expect(stdout).not.toMatch(/^select: /m);
  });

  it('lists some operators with their equations only, and refuses unknown ones', async () => {
    const { stdout } = await densessmHere('equations', '--operator', 'select', 'gate', '--json');
    const listed = JSON.parse(stdout);
    expect(listed.ok).toBe(true);
    expect(listed.operators.map(({ operator }: { operator: string }) => operator)).toEqual(['gate', 'select']);
    const numbers = operators
      .filter(({ name }) => name === 'gate' || name === 'select')
      .flatMap((one) => one.equations);
    expect(listed.equations.map(({ number }: { number: number }) => number)).toEqual(numbers);
    const { status, stderr } = await densessmHere('equations', '--operator', 'selekt');
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('(Did you mean select?)') });
  });

  it('prints the table after the faults, just before problems and verdict', async () => {
    const lines = (await printed(false)).stdout.split('\n');
    const head = lines.findIndex((line) => /^Eq\. +name/.test(line));
    expect(lines.findLastIndex((line) => /case \d+: /.test(line))).toBeLessThan(head);
    expect(lines.slice(head + 1, head + 26).map((line) => Number.parseInt(line, 10))).toEqual(
      equations.map(({ number }) => number),
    );
  });

  it('says how far it is, once for each operator', () => {
    const told: unknown[] = [];
    const two = operators.filter(({ name }) => name === 'select' || name === 'gate');
    const registry = { equations: [], operators: two, laws, faults: [] };
    specification({ cases: 1, longest: 2, seed: 1 }, registry, (...progress) => told.push(progress));
    expect(told).toEqual(two.map(({ name }, i) => [name, i, 2]));
  });
});

describe('densessm equations of too few cases', () => {
  it('says that faults are undecided, not that laws are wrong', async () => {
    const { status, stdout } = await densessmHere('equations', '--operator', 'linearScan', '--cases', '1', '--quiet');
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^(undecided: linearScan: the law '\w+' does not yet reject .*\n)+\d+ of 25 equations, undecided: \d+ faults? not/,
    );
  });
});

describe('densessm equations NUMBER', () => {
  it('shows some equations with formula, place, laws, faults and results, by number, name or operator', async () => {
    const { status, stdout } = await densessmHere('equations', '17', 'FuseByAddition', '--cases', '20');
    expect(status).toBe(0);
    for (const number of [17, 18]) {
      const { latex, chapter, definition } = equations.find((one) => one.number === number)!;
      expect(stdout).toContain(`\n  ${latex}\n`);
      const [, line] = stdout.match(new RegExp(`spec/${chapter}:(\\d+), ${definition.name}`))!;
      const code = readFileSync(join(root, 'spec', chapter), 'utf8').split('\n');
      expect(code[Number(line) - 1]).toContain(`export function ${definition.name}`);
    }
    expect(stdout).toMatch(/^tokenwise +20 .* right$/m);
    expect(stdout).toMatch(/^Eq\. 17, 18: right; \d+ modes, 20 cases each; (\d+) of \1 faults rejected\n$/m);
  });

  it('finds a name of several words without quotes, once', async () => {
    const { stdout } = await densessmHere('equations', 'fuse', 'by', 'addition', '--cases', '5', '--json');
    const { ok, equations: found, verified } = JSON.parse(stdout);
    expect({ ok, numbers: found.map(({ number }: { number: number }) => number) }).toEqual({ ok: true, numbers: [18] });
    expect(verified.length).toBeGreaterThan(0);
  });

  it.each([
    [['26'], "called '26';"],
    [['selekt'], "(did you mean 'select'?)"],
    [['fuse', 'by', 'adition'], "(did you mean 'fuse by addition'?)"],
    [['17', '--operator', 'gate'], 'leave it out'],
  ])('refuses %j', async (words, message) => {
    const { status, stderr } = await densessmHere('equations', ...words);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
  });
});
