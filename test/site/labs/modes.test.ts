import { describe, expect, it } from 'vitest';
import { modesLab } from '../../../site/labs/modes.ts';
import { labState } from '../../../site/labs/shared/lab.ts';

describe('the lab of modes', () => {
  it('shows what each mode reads at a token', () => {
    const cells = (html: string, mode: string, kind: string) =>
      html
        .split(`>${mode} reads<`)[1]!
        .split('</tr>')[0]!
        .match(new RegExp(`class="${kind}"`, 'g'))?.length ?? 0;
    const view = modesLab.view({ token: 7, chunk: 4, gamma: 0.5, seed: 1 }).figure;
    expect(cells(view, 'parallel', 'read')).toBe(7);
    expect([cells(view, 'chunkwise', 'in-state'), cells(view, 'chunkwise', 'read')]).toEqual([4, 3]);
    expect([cells(view, 'recurrent', 'in-state'), cells(view, 'recurrent', 'read')]).toEqual([6, 1]);
    expect(view).not.toMatch(/NaN|undefined/);
  });

  it('finds no difference from the definition in recurrent mode, and one in parallel mode', () => {
    const row = (html: string, mode: string) => html.split(`>${mode}, ulps<`)[1]!.split('</tr>')[0]!;
    const view = modesLab.view(labState(modesLab, '')).figure;
    expect(row(view, 'recurrent')).not.toContain('other');
    expect(row(view, 'parallel')).toContain('other');
  });
});
