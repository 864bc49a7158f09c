import { describe, expect, it } from 'vitest';
import { type BatchKind, batchKinds } from '../../../src/oracle/batch-kind.ts';
import { batchedOf } from '../../../src/oracle/batches/batched.ts';
import { faultsOn } from '../../../src/oracle/batches/faults.ts';
import { check } from '../../../src/oracle/check/check.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { programBackend } from './program-backend.ts';

const size = { cases: 40, longest: 17, seed: 3, dtypes: ['F32'] as const };
/** The modes of operators whose batches have something of their own: programs for all sequences, other axes, several states. */
const modesOf: Readonly<Record<string, readonly string[]>> = {
  retention: ['chunkwise'],
  linearScan: ['scan'],
  simpleGla: ['chunkwise'],
  depthwiseConvolution: ['parallel'],
  normalisedLinearAttention: ['recurrent'],
  denseSsm: ['recurrent'],
  selectiveScan: ['recurrent'],
  attention: ['chunkwise'],
};

describe('check of batches', () => {
  it.each(Object.entries(modesOf))('passes %s packed and padded', async (name, modes) => {
    const rowModes = modes.flatMap((mode) => batchKinds.map((kind) => `${mode}/${kind}`));
    const backend = programBackend({}, undefined, { batches: { packed: modes, padded: modes } });
    const { rows } = await check(backend, { ...size, cases: 3, operators: [name], modes: rowModes });
    expect(rows.map(({ mode, outputs, gradients }) => [mode, outputs, gradients])).toEqual(
      rows.map(({ mode }) => [mode, 'PASS', 'PASS']),
    );
    expect(rows.map(({ mode }) => mode).sort()).toEqual(rowModes.sort());
  });
});

it.each([
  ['packed', 'boundaries-ignored'],
  ['padded', 'padding-gets-shares'],
] as const)('rejects attention, %s, with the fault %s', async (kind, name) => {
  const attention = operators.find((one) => one.name === 'attention')!;
  const { mode, program } = faultsOn(batchedOf(attention, kind)).find((fault) => fault.name === name)!;
  const backend = programBackend({ attention: program }, undefined, { batches: { [kind]: [mode] } });
  const { rows } = await check(backend, { ...size, cases: 6, operators: ['attention'], modes: [`${mode}/${kind}`] });
  expect(rows[0]!.finding!.hints.join()).toContain(name);
});

describe('check of faults of batches', () => {
  const scan = operators.find(({ name }) => name === 'linearScan')!;
  /** Faults, and what a report says of each. */
  const saidOf: Readonly<Record<string, readonly string[]>> = {
    'states-leak': [
      'as if each sequence went on from the end of the one before it',
      'sequence 1 sees tokens of sequence 0',
    ],
    'empty-states-lost': ['the right numbers, but zeros for empty sequences'],
    'first-state-only': ['as if only the first sequence had an initial state'],
    'mask-ignored': ['as if padding counted as tokens'],
  };
  const cases = batchKinds.flatMap((kind) =>
    faultsOn(batchedOf(scan, kind))
      .filter(({ name, rejectedBy }) => name in saidOf && rejectedBy.includes(kind))
      .map((fault) => [kind, fault.name, fault] as const),
  );
  it.each(cases)('rejects %s %s', async (kind: BatchKind, name, { mode, program }) => {
    const backend = programBackend({ linearScan: program }, undefined, { batches: { [kind]: [mode] } });
    const options = { ...size, operators: ['linearScan'], modes: [`${mode}/${kind}`] };
    const { ok, rows } = await check(backend, options);
    expect(ok).toBe(false);
    const { contrasts, hints } = rows[0]!.finding!;
    const said = [...contrasts.map(({ says }) => says), ...hints];
    expect(said).toEqual(expect.arrayContaining([...(saidOf[name] ?? [])]));
  });
});
