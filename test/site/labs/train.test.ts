import { describe, expect, it } from 'vitest';
import { stateFrom } from '../../../site/labs/shared/controls.ts';
import { type TrainState, trainControls } from '../../../site/labs/train/controls.ts';
import { modelOf, runOf, weightsIn } from '../../../site/labs/train/run.ts';
import {
  comparison,
  curves,
  noProgress,
  type Progress,
  panelNumbers,
  smoothed,
  upTo,
} from '../../../site/labs/train/view.ts';

const stateOf = (query: string): TrainState => stateFrom(trainControls, query);

const progress = (losses: readonly number[], validations: Progress['validations']): Progress => ({
  ...noProgress,
  preset: 'retnet',
  losses,
  validations,
});

describe('the lab of training', () => {
  it.each(Object.keys(trainControls.left.options))('has a model %s near each number of parameters', (left) => {
    for (const size of Object.keys(trainControls.size.options)) {
      const { parameters } = modelOf({ ...stateOf(`?left=${left}`), size: size as TrainState['size'] }, 'left', 40);
      expect(Math.abs(parameters / Number(size) - 1)).toBeLessThan(0.3);
    }
  });

  it('writes weights that it opens again, with the text of the same model', () => {
    const run = runOf(stateOf('?size=20000&layers=1'), 'left');
    const { preset: name, width, parameters } = run.model;
    const single = Float32Array.from({ length: parameters }, (_, i) => Math.sin(i));
    const found = weightsIn(run.weights(single, 7), 'x.safetensors');
    expect(found.model).toEqual(run.model);
    expect([found.step, name]).toEqual([7, 'dense-retnet']);
    expect(found.params).toEqual(single);
    const whole = run.weights(single, 7);
    expect(() => weightsIn(whole.subarray(0, whole.length - 4), 'x.safetensors')).toThrow(/x\.safetensors/);
    expect(run.command).toContain(`--model dense-retnet --width ${width} --layers 1 --heads 2`);
    expect(runOf(stateOf('?length=8'), 'left').command).toContain('--length 8 ');
  });

  it('draws both runs, and compares them at a step that both have', () => {
    const runs = {
      left: progress(
        [3, 2, 1],
        [
          [0, 4],
          [2, 2.5],
        ],
      ),
      right: progress([3, 2.5], [[0, 4]]),
    };
    const svg = curves(runs, 50);
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(comparison(runs, 50)).toContain('After step 0 of 50');
    expect(comparison({ left: runs.left, right: noProgress }, 50)).toContain('Press Start');
    expect(upTo(runs.left, 1)).toMatchObject({ losses: [3], validations: [[0, 4]] });
    expect(
      smoothed(Array.from({ length: 64 }, (_, i) => i % 2))
        .slice(8, 12)
        .every((x) => Math.abs(x - 0.5) < 0.1),
    ).toBe(true);
  });

  it('says that a run compiles, until its first step, and then where it runs', () => {
    const run = { ...progress([3], []), where: 'webgpu, an adapter' };
    expect(panelNumbers(run, true)).toContain('<dd>compiling …</dd>');
    expect(panelNumbers(run, false)).toContain('<dd>webgpu, an adapter</dd>');
    expect(panelNumbers(run, false)).not.toContain('compiling');
  });
});
