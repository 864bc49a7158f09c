import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { f32 } from '../../src/executors/f32/index.ts';
import { generate } from '../../src/models/index.ts';
import type { SavedModel } from '../../src/runs/checkpoint.ts';
import { begin } from '../../src/runs/run.ts';
import { promptTokens, written } from '../../src/runs/sampling.ts';
import type { AnyModel } from '../../src/runs/settings.ts';
import { fail } from '../../src/tensor/errors.ts';
import type { Tree } from '../../src/tensor/tree.ts';
import { unflatten } from '../../src/training/index.ts';

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

/**
 * The least growth of a few samples, until one is within what is allowed. What a sample keeps grows in each of them; what the other tests of this
 * worker left behind, or its messages, does not.
 */
function leastGrowth(model: SavedModel): number {
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 3 && least >= allowed; sample++) least = Math.min(least, growth(model));
  return least;
}

describe('promptTokens', () => {
  it('refuses a prompt without tokens, whatever the vocabulary makes of it, and says what it does not have', () => {
    const { tokens } = tiny('mamba');
    const none = { ...tokens, encode: () => new Int32Array(0) };
    const lacking = {
      ...tokens,
      encode: () => fail('sample: is no token; take another'),
    };
    expect(() => promptTokens(tokens, '', 'leave it out')).toThrow(/^sample: the prompt is empty; give one/);
    expect(() => promptTokens(none, ' ', 'leave it out')).toThrow(/^sample: the prompt is empty; give one/);
    expect(() => promptTokens(lacking, 'x', 'leave it out')).toThrow(
      'sample: --prompt: sample: is no token; leave it out',
    );
  });
});

describe('the memory of a sample', { timeout: 60_000 }, () => {
  it.each(['dense-retnet', 'mamba'])('does not grow with its length: %s', (name) => {
    expect(leastGrowth(tiny(name))).toBeLessThan(allowed);
  });

  it('would grow beyond that if each state were kept', () => {
    const saved = tiny('dense-retnet');
    const states: unknown[] = [];
    const forward: AnyModel['forward'] = (...given) => {
      const result = saved.model.forward(...given);
      states.push(result.state);
      return result;
    };
    expect(leastGrowth({ ...saved, model: { ...saved.model, forward } })).toBeGreaterThan(allowed);
    expect(states).toHaveLength(3 * 12_000);
  });
});

describe('a sample in tokens that begin with the space before a word', () => {
  const words = ['<unk>', '▁a', '▁rose', '▁is', ';'];
  const path = join(folder, 'tokenizer.json');
  const spaces = { replacement: '▁', prepend_scheme: 'first', split: true };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  const replace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  writeFileSync(
    path,
    JSON.stringify({
      ...{ version: '1.0', added_tokens: [], normalizer: null, post_processor: null },
      pre_tokenizer: { type: 'Metaspace', ...spaces },
      // as that of Llama
      decoder: { type: 'Sequence', decoders: [replace, { type: 'Fuse' }, strip] },
      model: { type: 'Unigram', unk_id: 0, vocab: words.map((word, i) => [word, -i]) },
    }),
  );

  it('keeps the spaces between words, though it is decoded token by token', () => {
    const run = begin(
      { model: 'retnet', text, vocabulary: path, width: 8, layers: 1, heads: 2, batch: 2, length: 4 },
      { out: join(folder, 'words') },
    );
    const { tokens } = run;
    expect(tokens.decode([1, 2, 3])).toBe('a rose is');
    const [model, ids] = [run.model, [...tokens.encode('a rose is')]];
    expect(ids).toEqual([1, 2, 3]);
    const params = Float32Array.from(run.state.params);
    const options = { steps: 12, temperature: 1, seed: 1 };
    const pieces = [...written({ ...run, params }, 'a rose is', options)];
    const tree = unflatten<Tree>(params, model.shapes(run.config), f32);
    const [drawn] = generate(model, tree, run.config, [ids], options);
    expect(new Set(drawn).size).toBeGreaterThan(2);
    expect(`a rose is${pieces.join('')}`).toBe(tokens.decode([...ids, ...drawn!]));
  });
});
