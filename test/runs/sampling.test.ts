import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import type { SavedModel } from '../../src/runs/checkpoint.ts';
import { begin } from '../../src/runs/run.ts';
import { written } from '../../src/runs/sampling.ts';
import type { AnyModel } from '../../src/runs/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-sampling-'));
afterAll(() => rmSync(folder, { recursive: true }));
const text = join(folder, 'roses.txt');
writeFileSync(text, 'a rose is a rose is a rose; '.repeat(12));

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
setFlagsFromString('--no-expose-gc');

/** Bytes that are in use. */
function used(): number {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function tiny(model: string): SavedModel {
  const size = { width: 8, layers: 1, heads: 2, batch: 2, length: 8, denseLayers: model === 'mamba' ? null : 1 };
  const run = begin({ model, text, ...size }, { out: mkdtempSync(join(folder, model)) });
  return { ...run, params: Float32Array.from(run.state.params) };
}

/** How many bytes more are in use after 12,000 tokens than after 4,000. */
function growth(model: SavedModel): number {
  let [count, early] = [0, 0];
  for (const _ of written(model, 'a rose', { steps: 12_000, temperature: 1, seed: 1 }))
    if (++count === 4_000) early = used();
  return used() - early;
}

/** Bytes of growth that code and caches may take: half of what a kept state of each token takes. */
const allowed = 4 * 2 ** 20;

describe('the memory of a sample', { timeout: 60_000 }, () => {
  it.each(['dense-retnet', 'mamba'])('does not grow with its length: %s', (name) => {
    expect(growth(tiny(name))).toBeLessThan(allowed);
  });

  it('would grow beyond that if each state were kept', () => {
    const saved = tiny('dense-retnet');
    const states: unknown[] = [];
    const forward: AnyModel['forward'] = (...given) => {
      const result = saved.model.forward(...given);
      states.push(result.state);
      return result;
    };
    expect(growth({ ...saved, model: { ...saved.model, forward } })).toBeGreaterThan(allowed);
    expect(states).toHaveLength(12_000);
  });
});
