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
  sampleText,
  smoothed,
  upTo,
  whyText,
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
    expect(run.command('wasm')).toContain(`--model dense-retnet --width ${width} --layers 1 --heads 2`);
    expect(runOf(stateOf('?length=8'), 'left').command('wasm')).toMatch(/--length 8 .*--on wasm$/);
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
    expect(svg).not.toContain('letter frequencies alone');
    expect(svg).not.toMatch(/NaN|undefined/);
    const right = progress([3, 2.5], [[2, 2.4]]);
    expect(comparison({ ...runs, right }, 50, 'trains')).toMatch(/After step 2 of 50.*right is ahead/);
    // models that have not learnt are not compared
    expect(comparison(runs, 50, 'trains')).toBe('Compiling, then training …');
    expect(comparison({ left: runs.left, right: noProgress }, 50, 'waits')).toContain('Press Start');
    expect(comparison(runs, 50, 'shows the runs before')).toMatch(/A setting has changed.*Start begins new ones/);
    expect(upTo(runs.left, 1)).toMatchObject({ losses: [3], validations: [[0, 4]] });
    expect(
      smoothed(Array.from({ length: 64 }, (_, i) => i % 2))
        .slice(8, 12)
        .every((x) => Math.abs(x - 0.5) < 0.1),
    ).toBe(true);
  });

  it('says that a run compiles, until its first step, and then where it runs', () => {
    const run = { ...progress([3], []), backend: 'webgpu', device: 'an adapter', length: 64 };
    expect(panelNumbers(run, true)).toContain('<dd>compiling …</dd>');
    expect(panelNumbers(run, false)).toContain('<dd>WebGPU, an adapter</dd>');
    expect(panelNumbers(run, false)).toContain('<dd>2 × 64 tokens</dd>');
    expect(panelNumbers(run, false)).not.toContain('compiling');
  });

  it('says why a run is not on a graphics card, and of which step a text is', () => {
    const run = { ...noProgress, backend: 'wasm', passedOver: ['webgpu: no adapter answers'] };
    expect(whyText(run)).toBe('WebAssembly, as no graphics card was found.');
    expect(whyText({ ...run, passedOver: ['webgpu: adapter x is software'] })).toContain('adapter x is software');
    expect(whyText({ ...run, passedOver: [] })).toBe('');
    expect(sampleText(noProgress)).toBe('What it writes, every 25 steps');
    expect(sampleText({ ...run, sample: 'a', sampledAt: 50 })).toMatch(/step 50.*temperature 0\.7/);
  });

  it('draws what the frequencies of letters reach, as `densessm train` prints it', () => {
    const { entropy } = runOf(stateOf('?size=20000&layers=1'), 'left');
    expect(entropy).toBeCloseTo(3.0636, 4);
    const svg = curves({ left: { ...noProgress, entropy }, right: noProgress }, 50);
    expect(svg).toContain('letter frequencies alone: 3.06');
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
