import { describe, expect, it, vi } from 'vitest';
import { breakControls, operatorIn } from '../../../site/labs/break/controls.ts';
import { errorsOf } from '../../../site/labs/break/errors.ts';
import { faultsOf, type LawRow, lawsOf, smallest, tried } from '../../../site/labs/break/trial.ts';
import { axesOf, elementOf, errorMap, lawTable, ratioText } from '../../../site/labs/break/view.ts';
import { stateFrom } from '../../../site/labs/shared/controls.ts';

const faultOf = (operator: string, key: string) => faultsOf(operator).get(key)!;

/** What laws say of a fault; all of them unless named. */
function rowsOf(operator: string, key: string, tokens: number, names?: readonly string[]): LawRow[] {
  const fault = faultOf(operator, key);
  const some = lawsOf(fault).filter(({ name }) => names?.includes(name) ?? true);
  return some.map((law) => {
    const run = tried(law, fault, { tokens, seed: 1 });
    let step = run.next();
    while (!step.done) step = run.next();
    return step.value;
  });
}

const rejecting = (rows: readonly LawRow[]): string[] => rows.filter((one) => one.rejected).map(({ law }) => law);

const rest = async (): Promise<void> => {};

describe('the worker of the lab of faults', () => {
  it('posts what failed, so that the page waits no longer', async () => {
    const posted: unknown[] = [];
    vi.stubGlobal('postMessage', (message: unknown) => posted.push(message));
    vi.stubGlobal('onmessage', null);
    try {
      // by its address, as its types are those of a browser
      await import(new URL('../../../site/client/break-worker.ts', import.meta.url).href);
      const data = { id: 7, operator: 'retention', fault: 'none', tokens: 2, seed: 1, law: '', numbers: 'first' };
      (globalThis as unknown as { onmessage(event: object): void }).onmessage({ data });
      await vi.waitFor(() => expect(posted).toHaveLength(2));
    } finally {
      vi.unstubAllGlobals();
    }
    expect(posted[0]).toMatchObject({ kind: 'table', table: { retention: {} } });
    expect(posted[1]).toEqual({ kind: 'failed', id: 7, message: expect.stringMatching(/./) });
  });
});

describe('the lab of faults', () => {
  it('finds a lost carry by the laws that must reject it, from two tokens on', () => {
    const key = 'chunkwise/carry-lost';
    const { rejectedBy } = faultOf('retention', key);
    expect(rejecting(rowsOf('retention', key, 2, rejectedBy)).sort()).toEqual([...rejectedBy].sort());
    const alone = rowsOf('retention', key, 1, rejectedBy);
    expect(alone.map(({ cases }) => cases)).toEqual(rejectedBy.map(() => 12));
    expect(rejecting(alone)).toEqual([]);
  });

  it('shows where its errors begin: at the second chunk', () => {
    const [row] = rowsOf('retention', 'chunkwise/carry-lost', 5, ['definition']);
    const [output] = errorsOf(faultOf('retention', 'chunkwise/carry-lost'), row!.c!, row!.law);
    const { chunkSize } = row!.c!.settings as { chunkSize: number };
    expect(output!.where).toContain(`from token ${chunkSize} of 5 on`);
    expect(output!.letters).toEqual(['b', 'h', 't', 'e']);
    const perToken = output!.shape[3]!;
    expect(Math.floor(elementOf(output!, '') / perToken) % 5).toBe(chunkSize);
    // every number before it is within its bound, and the map has a cell for each token and channel
    output!.ratio.forEach((ratio, i) => {
      if (Math.floor(i / perToken) % 5 < chunkSize) expect(ratio).toBeLessThanOrEqual(1);
    });
    const map = errorMap(output!, axesOf(output!, '', ''), 0, () => '?');
    expect(map.match(/<td class="below"/g)).toHaveLength((5 - chunkSize) * perToken);
    expect(map.match(/<td class="above"/g)).toHaveLength(chunkSize * perToken);
  });

  it('shrinks it to two tokens and numbers of a kernel author’s notebook', async () => {
    const fault = faultOf('retention', 'chunkwise/carry-lost');
    const found = await smallest(lawsOf(fault)[0]!, fault, { tokens: 5, seed: 1 }, rest);
    expect(found!.c.inputs.q!.shape).toEqual([1, 1, 2, 1]);
    expect(found!.c.settings).toMatchObject({ chunkSize: 1 });
    const isSimple = (x: number): boolean => x === 0 || Number.isInteger(Math.log2(Math.abs(x)));
    expect(Object.values(found!.c.inputs).every(({ data }) => data.every(isSimple))).toBe(true);
    expect(await smallest(lawsOf(fault)[0]!, fault, { tokens: 1, seed: 1 }, rest)).toBeNull();
  });

  it('tries a fault of batches in batches, and counts a program that breaks off as no rejection', () => {
    const rows = rowsOf('retention', 'parallel/boundaries-ignored', 4);
    expect(rows.map(({ law }) => law)).toEqual(['padded', 'packed']);
    expect(rejecting(rows)).toContain('packed');
    const packed = rows[1]!;
    const fault = faultOf('retention', 'parallel/boundaries-ignored');
    expect(errorsOf(fault, packed.c!, 'packed').some(({ where }) => where !== null)).toBe(true);
    const carry = rowsOf('retention', 'chunkwise/carry-lost', 2, ['padded']);
    expect(carry.find(({ law }) => law === 'padded')).toMatchObject({ cases: 0, rejected: null, breaks: true });
    expect(lawTable(carry, [], 'padded', () => '?')).toContain('breaks off');
  });

  it('has the faults of the operator in its controls, and takes the start where the address names none', () => {
    const table = { gate: { 'whole/a': 'x' }, retention: { 'chunkwise/carry-lost': 'y', 'parallel/b': 'z' } };
    expect(operatorIn(table, '?operator=gate')).toBe('gate');
    expect(operatorIn(table, '?operator=none')).toBe('retention');
    expect(stateFrom(breakControls(table, 'gate'), '?operator=gate&fault=parallel/b&tokens=99')).toMatchObject({
      operator: 'gate',
      fault: 'whole/a',
      tokens: 5,
    });
  });

  it('writes ratios in few characters', () => {
    expect([0, 0.0234, 0.5, 12.4, 8.1e13, 1.2e-7, Number.POSITIVE_INFINITY].map(ratioText)).toEqual([
      '0',
      '0.023',
      '0.5',
      '12',
      '8e13',
      '1e-7',
      '∞',
    ]);
  });
});
