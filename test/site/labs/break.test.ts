import { describe, expect, it, vi } from 'vitest';
import { breakControls, faultShown, operatorIn } from '../../../site/labs/break/controls.ts';
import { errorsOf } from '../../../site/labs/break/errors.ts';
import { faultsOf, type LawRow, lawsOf, smallest, tried } from '../../../site/labs/break/trial.ts';
import {
  axesOf,
  caseText,
  countText,
  elementOf,
  errorMap,
  lawTable,
  noneSmallest,
  ratioText,
  verdictText,
} from '../../../site/labs/break/view.ts';
import { stateFrom } from '../../../site/labs/shared/controls.ts';
import { settingsText } from '../../../site/settings-text.ts';

const faultOf = (operator: string, key: string) => faultsOf(operator).get(key)!;

/** What laws say of a fault; all of them unless named. */
function rowsOf(operator: string, key: string, tokens: number, names?: readonly string[], chunk = 0): LawRow[] {
  const fault = faultOf(operator, key);
  const some = lawsOf(fault).filter(({ name }) => names?.includes(name) ?? true);
  return some.map((law) => {
    const run = tried(law, fault, { tokens, chunk, seed: 1 });
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
      const data = {
        id: 7,
        operator: 'retention',
        fault: 'none',
        tokens: 2,
        chunk: 0,
        seed: 1,
        law: '',
        numbers: 'first',
      };
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

  it('hides it from comparisons with the definition up to one chunk, whose size is chosen', () => {
    const [key, chunk] = ['chunkwise/carry-lost', 4];
    const inOne = rowsOf('retention', key, chunk, ['definition', 'modes', 'decoding', 'chunks', 'shift'], chunk);
    expect(rejecting(inOne).sort()).toEqual(['chunks', 'shift']);
    expect(inOne.find(({ law }) => law === 'definition')!.c!.settings).toMatchObject({ chunkSize: chunk });
    expect(rejecting(rowsOf('retention', key, chunk + 1, ['definition'], chunk))).toEqual(['definition']);
    expect(caseText({ chunkSize: 4 }, key, 4)).toMatch(/chunkSize <code>4<.*All 4 tokens are in one chunk/);
    expect(caseText({ chunkSize: 4 }, key, 5)).not.toContain('in one chunk');
    expect(caseText({ chunkSize: 4 }, 'parallel/future-leaks', 4)).not.toContain('in one chunk');
  });

  it('shrinks it within chunks of the size that is chosen', async () => {
    const fault = faultOf('retention', 'chunkwise/carry-lost');
    const found = await smallest(lawsOf(fault)[0]!, fault, { tokens: 5, chunk: 3, seed: 1 }, rest);
    expect(found!.c.settings).toMatchObject({ chunkSize: 3 });
    expect(found!.c.inputs.q!.shape).toEqual([1, 1, 4, 1]);
  });

  it('says what a law found, and what a program lacks', () => {
    expect(verdictText('definition', 'output.output[1] is 0.5, not 0.25')).toBe(
      '<code>output.output[1]</code>: the program answers <code>0.5</code>; right, by the law <code>definition</code>, is <code>0.25</code>.',
    );
    expect(verdictText('modes', 'output.y is missing')).toBe('<code>modes</code>: output.y is missing.');
    const accepting = rowsOf('retention', 'chunkwise/carry-lost', 1, ['linear']);
    expect(countText(accepting, ['dyadic'])).toBe('No law has rejected it yet.');
    expect(countText(accepting, [])).toBe('<strong>No law rejects it</strong> on these cases.');
    expect(noneSmallest(accepting, 'linear')).toContain('no law rejects');
    const both = [...accepting, ...rowsOf('retention', 'chunkwise/carry-lost', 2, ['definition'])];
    expect(noneSmallest(both, 'linear')).toContain('None for this law');
  });

  it('writes settings with all lists that are in them', () => {
    expect(settingsText({ decay: [0.5, [1, { a: 2 }]], config: { layers: 2, dense: { carry: 'raw' } } })).toBe(
      'decay <code>[0.5, [1, {a 2}]]</code>, layers <code>2</code>, dense <code>{carry raw}</code>',
    );
  });

  it('keeps the fault where the operator changes, or shows one that it has', () => {
    const table = {
      gate: { 'whole/a': '' },
      gla: { 'chunkwise/carry-lost': '' },
      scan: { 'scan/carry-lost': '', 'scan/other': '' },
    };
    const shown = (operator: string) => faultShown(table, operator, 'chunkwise/carry-lost');
    expect(['gla', 'scan', 'gate'].map(shown)).toEqual(['chunkwise/carry-lost', 'scan/carry-lost', 'whole/a']);
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
    const found = await smallest(lawsOf(fault)[0]!, fault, { tokens: 5, chunk: 0, seed: 1 }, rest);
    expect(found!.c.inputs.q!.shape).toEqual([1, 1, 2, 1]);
    expect(found!.c.settings).toMatchObject({ chunkSize: 1 });
    const isSimple = (x: number): boolean => x === 0 || Number.isInteger(Math.log2(Math.abs(x)));
    expect(Object.values(found!.c.inputs).every(({ data }) => data.every(isSimple))).toBe(true);
    expect(await smallest(lawsOf(fault)[0]!, fault, { tokens: 1, chunk: 0, seed: 1 }, rest)).toBeNull();
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
    expect(lawTable(carry, [], 'padded', () => '?')).toContain('not tried: this program takes no padding');
    expect(countText([...carry, packed], [])).toBe('<strong>1 of 1 laws reject it.</strong> 1 could not try it.');
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
