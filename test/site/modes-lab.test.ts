import { describe, expect, it } from 'vitest';
import { labStateOf, labView } from '../../site/modes-lab.ts';

describe('the lab of modes', () => {
  it('takes its state from the address, and the start where a number is missing or out of range', () => {
    const start = labStateOf('');
    expect(labStateOf('?token=3&chunk=5&gamma=0.5&seed=9')).toEqual({ token: 3, chunk: 5, gamma: 0.5, seed: 9 });
    expect(labStateOf('?token=17&chunk=1.5&gamma=x&seed=0')).toEqual(start);
  });

  it('shows what each mode reads at a token', () => {
    const cells = (html: string, mode: string, kind: string) =>
      html
        .split(`>${mode} reads<`)[1]!
        .split('</tr>')[0]!
        .match(new RegExp(`class="${kind}"`, 'g'))?.length ?? 0;
    const view = labView({ token: 7, chunk: 4, gamma: 0.5, seed: 1 });
    expect(cells(view, 'parallel', 'read')).toBe(7);
    expect([cells(view, 'chunkwise', 'in-state'), cells(view, 'chunkwise', 'read')]).toEqual([4, 3]);
    expect([cells(view, 'recurrent', 'in-state'), cells(view, 'recurrent', 'read')]).toEqual([6, 1]);
    expect(view).not.toMatch(/NaN|undefined/);
  });

  it('finds no difference from the definition in recurrent mode, and one in parallel mode', () => {
    const row = (html: string, mode: string) => html.split(`>${mode}, ulps<`)[1]!.split('</tr>')[0]!;
    const view = labView(labStateOf(''));
    expect(row(view, 'recurrent')).not.toContain('other');
    expect(row(view, 'parallel')).toContain('other');
  });
});
