import { describe, expect, it } from 'vitest';
import { equations } from '../../spec/registry.ts';
import { printSpecification } from '../../src/cli/equations.ts';
import { specification } from '../../src/oracle/equations.ts';
import { faults } from '../../src/oracle/faults.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';
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
});
