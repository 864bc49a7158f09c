import { describe, expect, it } from 'vitest';
import { labs } from '../../../site/labs/index.ts';
import { queryOf, stateFrom } from '../../../site/labs/shared/controls.ts';
import { labMain, labState } from '../../../site/labs/shared/lab.ts';

const controls = {
  x: { label: 'x', min: 0, max: 1, step: 0.1, start: 0.5 },
  n: { label: 'n', min: 1, max: 9, step: 2, start: 3 },
  kind: { label: 'kind', options: { one: '1', two: '2' }, start: 'one' },
} as const;

describe('the state of a lab', () => {
  it('is that of the address, and the start where a value is missing or not admitted', () => {
    expect(stateFrom(controls, '?x=0.3&n=9&kind=two')).toEqual({ x: 0.3, n: 9, kind: 'two' });
    const start = { x: 0.5, n: 3, kind: 'one' };
    expect(stateFrom(controls, '')).toEqual(start);
    expect(stateFrom(controls, '?x=&n=4&kind=three')).toEqual(start);
    expect(stateFrom(controls, '?x=0.35&n=11&kind=toString')).toEqual(start);
    expect(stateFrom(controls, '?x=NaN&n=Infinity&kind=')).toEqual(start);
  });

  it('comes back from its query', () => {
    const state = { x: 0.7, n: 1, kind: 'two' } as const;
    expect(stateFrom(controls, queryOf(controls, state))).toEqual(state);
    expect(queryOf(controls, { n: 5 })).toBe('?x=0.5&n=5&kind=one');
  });
});

describe.each(labs)('the lab $name', (lab) => {
  it('says what it shows without a program, with controls that are off', () => {
    const main = labMain(lab, labs);
    expect(main).toContain('<fieldset disabled>');
    expect(main).toContain('<noscript>');
    // an output in a label would take the name of its slider
    for (const [, id] of main.matchAll(/<input type="range" id="([^"]+)"/g))
      expect(main).toContain(`<label for="${id}">`);
    expect(main.match(/<input type="range"/g)!.length).toBe(main.match(/<label for=/g)!.length);
    expect(main).toContain('would' in lab ? lab.would : lab.view(labState(lab, '')).figure);
    const sentences = lab.about.replace(/<[^>]+>/g, '').match(/[.:?!](?= |$)/g)!.length;
    expect(sentences).toBeGreaterThanOrEqual(3);
    expect(lab.about).toMatch(/href="\.\.\/spec\/[\w-]+\.html#eq-\d+"/);
  });

  it('suggests three states of its own, each another view', () => {
    const states = [{}, ...lab.tries.map(({ state }) => state)].map((state) =>
      stateFrom(lab.controls, queryOf(lab.controls, state)),
    );
    expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(4);
    expect(lab.tries).toHaveLength(3);
    for (const [i, { state }] of lab.tries.entries()) expect(states[i + 1]).toMatchObject(state);
    if (!('view' in lab)) return;
    const views = states.map((state) => lab.view(state));
    expect(new Set(views.map(({ figure }) => figure)).size).toBe(4);
    for (const { says, figure } of views) {
      expect(says).toMatch(/\d/);
      expect(says + figure).not.toMatch(/NaN|undefined|\[object/);
    }
  });
});
