import { describe, expect, it } from 'vitest';
import { labState } from '../../../site/labs/shared/lab.ts';
import { computation, elements, ratios, type ToleranceState } from '../../../site/labs/tolerances/elements.ts';
import { tolerancesLab } from '../../../site/labs/tolerances.ts';
import { orders } from '../../../src/executors/rounded/order.ts';
import { allowedFor, profileOf } from '../../../src/oracle/check/verdict/allowed.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { retention } from '../../../src/oracle/operators/retention/operator.ts';

const start = labState(tolerancesLab, '');
const beyond = (state: ToleranceState) => {
  const found = elements(state);
  return orders.map((order) => ratios(found, order).filter((ratio) => ratio > 1).length);
};

describe('the lab of tolerances', () => {
  it.each([
    ['parallel', 'f32', 'F32'],
    ['chunkwise', 'bf16', 'BF16'],
    ['recurrent', 'f16', 'F16'],
  ] as const)('has the bounds of the oracle: retention in %s mode in %s', (of, type, dtype) => {
    const state = { ...start, of, type, n: '16' } as const;
    const { bounds, expected } = elements(state);
    const { c } = computation(state, [profileOf[dtype], profileOf[dtype]]);
    const { tensors } = allowedFor(retention as Operator, { mode: of, dtype, gradients: false, c });
    expect([...bounds]).toEqual([...tensors['out/output']!.bounds]);
    expect([...expected]).toEqual([...tensors['out/output']!.expected]);
  });

  it('adds from left to right as a loop in single precision does', () => {
    const { errors, expected, shape } = elements({ ...start, n: '64' });
    const { c } = computation({ ...start, n: '64' }, [profileOf.F32, profileOf.F32]);
    const [a, b] = [c.inputs.a!.data, c.inputs.b!.data];
    for (let i = 0; i < shape[0]; i++)
      for (let j = 0; j < shape[1]; j++) {
        let total = 0;
        for (let k = 0; k < 64; k++) total = Math.fround(total + a[64 * i + k]! * b[64 * j + k]!);
        const at = i * shape[1] + j;
        expect(errors.sequential[at]).toBe(Math.abs(total - expected[at]!));
      }
  });

  it.each(['f32', 'tf32', 'bf16', 'f16'] as const)('has no element beyond its own bound in %s', (type) => {
    for (const of of ['product', 'parallel', 'recurrent'] as const)
      for (const values of ['normal', 'cancel'] as const)
        expect(beyond({ ...start, of, type, values, n: '16' }), `${of} ${values}`).toEqual([0, 0, 0, 0, 0]);
  });

  it('says where a type has no finite bound', () => {
    const state = { ...start, type: 'bf16-sums' } as const;
    expect(tolerancesLab.view(state).says).toContain('128 have no finite bound');
    expect(tolerancesLab.view({ ...state, n: '16' }).says).not.toContain('no finite bound');
  });

  it('suggests states that show what it says of them', () => {
    const [tf32, sums, cancel] = tolerancesLab.tries.map(({ state }) => ({ ...start, ...state }));
    const [first, ...others] = beyond(tf32!);
    expect(first).toBeGreaterThan(64);
    expect(new Set(others)).toEqual(new Set([first]));
    const byOrder = Object.fromEntries(beyond(sums!).map((count, i) => [orders[i]!, count]));
    expect(byOrder.sequential).toBe(128);
    expect(byOrder.tree).toBeLessThan(64);
    const { errors, expected } = elements(cancel!);
    expect(Math.max(...errors.sequential.map((error, i) => error / Math.abs(expected[i]!)))).toBeGreaterThan(0.1);
    expect(beyond(cancel!)).toEqual([0, 0, 0, 0, 0]);
  });
});
