import { describe, expect, it } from 'vitest';
import { snap } from '../../../../src/executors/bounded/index.ts';
import { f64 } from '../../../../src/executors/f64/index.ts';
import { bfloat16, float32 } from '../../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../../src/executors/rounded/index.ts';
import { type Case, fill } from '../../../../src/oracle/case.ts';
import { tightestFit } from '../../../../src/oracle/check/diagnosis/coarser.ts';
import { allowedFor } from '../../../../src/oracle/check/verdict/allowed.ts';
import { layoutOf } from '../../../../src/oracle/layout.ts';
import { linearScan } from '../../../../src/oracle/operators/linear-scan/operator.ts';
import type { Executor } from '../../../../src/tensor/value.ts';
import { answerOn } from '../support.ts';

describe('a lower precision', () => {
  const program = linearScan.modes.recurrent!;
  const lengths = { b: 1, t: 40, n: 1 };
  const drawn = fill(layoutOf(linearScan.signature.text, { lengths, settings: {} }), 1, 'normal');
  const snapped = (tensors: Case['inputs']): Case['inputs'] =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, { ...x, data: snap(bfloat16, x.data) }]));
  const c = { ...drawn, inputs: snapped(drawn.inputs), cotangents: snapped(drawn.cotangents) };
  const { tensors } = allowedFor(linearScan, { mode: 'recurrent', dtype: 'F32', gradients: true, c });
  const numbersOn = (on: Executor): Record<string, Float64Array> =>
    Object.fromEntries([...answerOn(on, program, c, { dtype: 'F32' })].map(([name, { data }]) => [name, data]));
  const right = numbersOn(f64);
  const bounds = Object.fromEntries(Object.entries(tensors).map(([name, own]) => [name, own.bounds]));
  const fitOf = (answered: Record<string, Float64Array>): string | undefined =>
    tightestFit(program, [{ c, answered, right, bounds }], float32)?.name;

  const coarse = numbersOn(rounded(bfloat16, 7) as Executor);

  it('explains errors that rounding spreads', () => {
    expect(fitOf(coarse)).toBe('bf16');
  });

  it('explains no single number as wrong as all of them together', () => {
    const [output, its] = [right['out/output']!.slice(), coarse['out/output']!];
    const errors = its.map((x, i) => Math.abs(x - output[i]!));
    const at = errors.indexOf(Math.max(...errors));
    output[at] = its[at]!;
    expect(fitOf({ ...right, 'out/output': output })).toBeUndefined();
  });
});
