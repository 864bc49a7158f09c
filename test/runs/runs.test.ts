import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { bestIn, checkpointIn, readModel } from '../../src/runs/checkpoint.ts';
import { locked } from '../../src/runs/lock.ts';
import { metricsOf } from '../../src/runs/metrics.ts';
import { begin, type Run, resume, trained } from '../../src/runs/run.ts';
import { written } from '../../src/runs/sampling.ts';
import { modelNames, type Settings } from '../../src/runs/settings.ts';
import { indexInput, read } from '../../src/tensor/input.ts';
import type { Tree } from '../../src/tensor/tree.ts';
import { mostProbable, unflatten } from '../../src/training/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = join(folder, 'roses.txt');
writeFileSync(text, 'a rose is a rose is a rose; '.repeat(12));
const small = { text, width: 8, layers: 2, heads: 2, batch: 2, length: 8, steps: 6, every: 2 };

/** Trains until the end, or until a checkpoint after `until` steps has been written. */
async function train(run: Run, until = Infinity): Promise<void> {
  const controller = new AbortController();
  for await (const event of trained(run, controller.signal)) {
    if (event.kind === 'step' && event.step >= until) controller.abort();
  }
}

/** The bytes of all files of the last checkpoint. */
const bytesOf = (run: string): Record<string, string> => {
  const last = checkpointIn(run);
  return Object.fromEntries(readdirSync(last).map((name) => [name, readFileSync(join(last, name), 'latin1')]));
};

/** A finished run of some settings. */
async function finished(name: string, settings: Partial<Settings>): Promise<string> {
  const out = join(folder, name);
  await train(begin({ ...small, ...settings }, { out }));
  return out;
}

describe('a run that was stopped', { timeout: 60_000 }, () => {
  it.each(['f64', 'f32', 'wasm'])(
    'continues bit for bit on %s, with the metrics of one that never stopped',
    async (on) => {
      const whole = await finished(`whole-${on}`, { on });
      const out = join(folder, `stopped-${on}`);
      await train(begin({ ...small, on }, { out }), 3);
      expect(checkpointIn(out)).toMatch(/checkpoint-3$/);
      await train(resume(out, {}));
      expect(bytesOf(out)).toEqual(bytesOf(whole));
      const losses = (run: string) =>
        metricsOf(run).map(({ step, loss, training, validation }) => ({ step, loss, training, validation }));
      expect(losses(out).filter(({ loss }) => loss !== undefined)).toEqual(
        losses(whole).filter(({ loss }) => loss !== undefined),
      );
    },
  );

  it('continues bit for bit after steps that no checkpoint holds', async () => {
    const whole = await finished('whole', { on: 'f64' });
    const out = join(folder, 'killed');
    for await (const event of trained(begin({ ...small, on: 'f64' }, { out }), new AbortController().signal)) {
      if (event.kind === 'step' && event.step === 5) break; // as a kill: no checkpoint after step 5
    }
    writeFileSync(join(out, 'metrics.jsonl'), `${readFileSync(join(out, 'metrics.jsonl'), 'utf8')}{"step":`);
    mkdirSync(join(out, '.checkpoint-6.1234.part'));
    expect(checkpointIn(out)).toMatch(/checkpoint-4$/);
    await train(resume(out, {}));
    expect(bytesOf(out)).toEqual(bytesOf(whole));
    expect(metricsOf(out).map(({ step }) => step)).toEqual(metricsOf(whole).map(({ step }) => step));
    expect(readdirSync(out)).toEqual(['checkpoint-6', 'metrics.jsonl']);
  });

  it('has its first validation once, where it ended before its first checkpoint after step 0', async () => {
    const out = join(folder, 'early');
    for await (const event of trained(begin({ ...small, on: 'f64' }, { out }), new AbortController().signal)) {
      if (event.kind === 'step') break;
    }
    await train(resume(out, {}));
    expect(metricsOf(out).flatMap(({ step, validation }) => (validation === undefined ? [] : step))).toEqual([
      0, 2, 4, 6,
    ]);
  });

  it('begins again where it was killed before its first checkpoint, and nowhere else', () => {
    const out = join(folder, 'unborn');
    mkdirSync(join(out, '.checkpoint-0.12ab.part'), { recursive: true });
    mkdirSync(join(out, '.lock'));
    begin(small, { out });
    expect(readdirSync(out)).toEqual(['checkpoint-0']);
    expect(() => begin(small, { out })).toThrow('is not empty; --resume');
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    const lock = locked(taken);
    expect(() => begin(small, { out: taken })).toThrow(`process ${process.pid} trains in this folder`);
    expect(readdirSync(taken)).toEqual(['.lock']);
    lock.free();
  });

  it('keeps the checkpoint with the least validation loss beside the last, also where it was stopped between', async () => {
    const uneven = { ...small, on: 'f64', rate: 0.1, warmup: 0, schedule: 'constant' } as const;
    const out = join(folder, 'best');
    for await (const event of trained(begin(uneven, { out }), new AbortController().signal))
      if (event.kind === 'step' && event.step === 5) break;
    await train(resume(out, {}));
    const validated = metricsOf(out).flatMap(({ step, validation: loss }) => (loss && step > 0 ? { step, loss } : []));
    const best = validated.reduce((least, one) => (one.loss < least.loss ? one : least));
    expect(best.step).toBeLessThan(6);
    expect(readdirSync(out)).toEqual([`checkpoint-${best.step}`, 'checkpoint-6', 'metrics.jsonl']);
    expect(bestIn(out)).toEqual({ step: best.step, validation: best.loss });
    expect(checkpointIn(out, 'best')).toBe(join(out, `checkpoint-${best.step}`));
    expect(checkpointIn(out)).toBe(join(out, 'checkpoint-6'));
    truncateSync(join(out, 'checkpoint-6', 'model.safetensors'), 100);
    expect(() => resume(out, { steps: 9 })).toThrow(
      `or remove ${join(out, 'checkpoint-6')}: then the run continues from checkpoint-${best.step}`,
    );
    rmSync(join(out, 'checkpoint-6'), { recursive: true });
    expect(resume(out, {}).state.step).toBe(best.step);
  });

  it('writes nothing once its folder is removed', async () => {
    const out = join(folder, 'removed');
    const stopped = async () => {
      for await (const event of trained(begin({ ...small, on: 'f64' }, { out }), new AbortController().signal))
        if (event.kind === 'step') rmSync(out, { recursive: true });
    };
    await expect(stopped()).rejects.toThrow('the folder or its lock was removed while it trained; nothing more');
    expect(readdirSync(folder)).not.toContain('removed');
  });

  // the device that is always full: macOS and Windows have none
  it.runIf(existsSync('/dev/full'))(
    'keeps its checkpoint where its metrics find no space (with /dev/full)',
    async () => {
      const out = join(folder, 'no-space');
      const run = begin({ ...small, on: 'f64' }, { out });
      const stopped = async () => {
        for await (const event of trained(run, new AbortController().signal)) {
          if (event.kind !== 'step') continue;
          rmSync(join(out, 'metrics.jsonl'));
          symlinkSync('/dev/full', join(out, 'metrics.jsonl'));
        }
      };
      await expect(stopped()).rejects.toThrow('metrics.jsonl: the disk is full (ENOSPC); free space there');
      rmSync(join(out, 'metrics.jsonl'));
      await train(resume(out, {}));
      expect(checkpointIn(out)).toMatch(/checkpoint-6$/);
    },
  );

  it('trains on with more steps, at the rate of the end', async () => {
    const out = await finished('longer', { on: 'f64' });
    await train(resume(out, { steps: 8 }));
    const rates = metricsOf(out).flatMap(({ rate }) => rate ?? []);
    expect(rates).toHaveLength(8);
    expect(rates.at(-1)).toBe(rates[5]);
  });

  it('refuses other settings and another text', async () => {
    const out = await finished('other', { on: 'f64' });
    expect(() => resume(out, { width: 16, steps: 9 })).toThrow(
      'the run was begun with --width 8, not 16; leave it out to continue, or begin another run',
    );
    expect(() => resume(out, {})).toThrow(/is after step 6 already, and 6 are asked for; --steps 12 would train on/);
    expect(() => resume(out, { steps: 4 })).toThrow(
      /is after step 6 already, and 4 are asked for; --steps 12 would train on/,
    );
    expect(() => resume(join(out, 'checkpoint-6'), { steps: 9 })).toThrow(
      `is one checkpoint; --resume ${out} continues`,
    );
    const copy = join(folder, 'copy.txt');
    cpSync(text, copy);
    const moved = await finished('moved', { on: 'f64', text: copy });
    writeFileSync(copy, 'a nose is a nose');
    expect(() => resume(moved, { steps: 9 })).toThrow(/copy.txt is another text than at the beginning/);
  });

  it.each(['model.safetensors', 'optimizer.safetensors', 'training.json', 'config.json', 'vocabulary.json'])(
    'says so where %s was cut off',
    async (name) => {
      const out = join(folder, `cut-${name}`);
      begin({ ...small, on: 'f64' }, { out });
      truncateSync(join(checkpointIn(out), name), 20);
      expect(() => resume(out, {})).toThrow(new RegExp(`${name}:? `));
      rmSync(join(checkpointIn(out), name));
      expect(() => resume(out, {})).toThrow(new RegExp(`${name}:? does not exist`));
    },
  );

  it('says so where the weights are those of another run', () => {
    const [out, other] = [join(folder, 'swapped'), join(folder, 'swapped-from')];
    begin({ ...small, on: 'f64' }, { out });
    begin({ ...small, on: 'f64', seed: 2 }, { out: other });
    cpSync(join(checkpointIn(other), 'model.safetensors'), join(checkpointIn(out), 'model.safetensors'));
    expect(() => resume(out, {})).toThrow(
      'model.safetensors: is not the file that was written: it was cut off, changed',
    );
  });

  it('names weights that are not finite', () => {
    const out = join(folder, 'not-a-number');
    begin({ ...small, on: 'f64' }, { out });
    const path = join(checkpointIn(out), 'model.safetensors');
    const bytes = readFileSync(path);
    bytes.writeDoubleLE(NaN, bytes.length - 16);
    writeFileSync(path, bytes);
    expect(() => readModel(checkpointIn(out))).toThrow(
      /model.safetensors: \S+ has NaN at \d+; take another checkpoint/,
    );
  });

  it.each([
    ['step', 1.5, 'step is 1.5; it is an integer ≥ 0: take another checkpoint'],
    ['planned', 0, 'planned is 0; it is an integer ≥ 1'],
    ['settings', { batch: '2' }, 'batch is "2"; it is an integer ≥ 1'],
    ['settings', { rate: null }, 'rate is null; it is a number from 0 to 100'],
    ['settings', { model: 'retnt' }, 'model is "retnt"; it is one of '],
  ])('is refused where training.json has %s %j', (name, value, message) => {
    const out = join(folder, `changed-${name}-${JSON.stringify(value).replace(/\W/g, '')}`);
    begin({ ...small, on: 'f64' }, { out });
    const path = join(checkpointIn(out), 'training.json');
    const about = JSON.parse(readFileSync(path, 'utf8'));
    const changed = name === 'settings' ? { ...about.settings, ...(value as object) } : value;
    writeFileSync(path, JSON.stringify({ ...about, [name]: changed }));
    expect(() => resume(out, {})).toThrow(`training.json: ${message}`);
  });

  it('continues where its settings lack new ones', () => {
    const out = join(folder, 'older');
    begin({ ...small, on: 'f64' }, { out });
    const path = join(checkpointIn(out), 'training.json');
    const about = JSON.parse(readFileSync(path, 'utf8'));
    for (const name of ['recipe', 'readings', 'clip', 'dropout']) delete about.settings[name];
    writeFileSync(path, JSON.stringify(about));
    expect(resume(out, {}).about.settings).toMatchObject({ recipe: 'nanogpt', readings: {}, clip: 1, dropout: 0 });
  });

  it('refuses the vocabulary of another checkpoint', () => {
    const out = join(folder, 'mixed');
    begin({ ...small, on: 'f64' }, { out });
    writeFileSync(join(checkpointIn(out), 'vocabulary.json'), '{"kind":"bytes"}');
    expect(() => resume(out, {})).toThrow('vocabulary.json: is not the file that was written: it was cut off');
    expect(() => readModel(checkpointIn(out))).toThrow('has 256 tokens, the model 8; take both from one checkpoint');
  });
});

describe('every model', { timeout: 60_000 }, () => {
  it.each(modelNames)('%s trains, is saved, read again, and writes', async (model) => {
    const out = join(folder, `model-${model}`);
    const settings = { model, width: 16, heads: model.includes('mamba2') ? 4 : 2, layers: 2, steps: 1 };
    await train(begin({ ...small, ...settings, on: 'f32' }, { out }));
    const pieces = [...written(readModel(checkpointIn(out)), 'a rose is', { steps: 5, temperature: 1, seed: 2 })];
    expect(pieces.join('')).toMatch(/^[a ;eiors]{5}$/);
  });
});

describe('a text that is longer than the rows of training', { timeout: 60_000 }, () => {
  it.each(['dense-retnet', 'dense-mamba', 'transformer'])(
    'of %s is what the model computes in parallel',
    async (model) => {
      const out = join(folder, `long-${model}`);
      await train(begin({ ...small, width: 16, model, steps: 20, every: 20, on: 'wasm', rate: 0.01 }, { out }));
      const saved = readModel(checkpointIn(out));
      const text = `a${[...written(saved, 'a', { steps: 40, temperature: 0 })].join('')}`;
      const ids = [...saved.tokens.encode(text)];
      const { model: network, config, params } = saved;
      const tree = unflatten<Tree>(params, network.shapes(config), f64);
      const tokens = indexInput(f64, ids, [1, ids.length]);
      const { logits } = network.forward(tree, config, tokens, network.start(tree, config, 1), { name: 'parallel' });
      const numbers = read(logits);
      const best = mostProbable(numbers, config.vocabulary, numbers.length / ids.length);
      expect([...best.slice(0, -1)]).toEqual(ids.slice(1));
    },
  );
});

describe('a model of equal size', () => {
  it.each([
    ['retnet', 'dense-retnet'],
    ['transformer', 'dense-retnet'],
  ])('%s has the parameters of %s, but for a tenth', (model, equalSizeTo) => {
    const big = { ...small, width: 64, heads: 2 };
    const sizeOf = (run: Run) => run.state.params.length;
    const own = begin({ ...big, model }, { out: join(folder, `equal-${model}`), equalSizeTo });
    const other = begin({ ...big, model: equalSizeTo }, { out: join(folder, `equal-to-${model}`) });
    expect(own.about.settings.width).not.toBe(64);
    expect(Math.abs(sizeOf(own) / sizeOf(other) - 1)).toBeLessThan(0.1);
  });
});

describe('a run with a tokenizer.json', { timeout: 60_000 }, () => {
  const words = ['a', 'Ġrose', 'Ġis', 'Ġa', ';', 'Ġ', 'r', 'o', 's', 'e', 'i', 'Ġr', 'os', 'Ġros', 'Ġi'];
  const merges = ['Ġ r', 'o s', 'Ġr os', 'Ġros e', 'Ġ i', 'Ġi s', 'Ġ a'].map((one) => one.split(' '));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const path = join(folder, 'tokenizer.json');
  const model = { type: 'BPE', vocab: Object.fromEntries(words.map((word, id) => [word, id])), merges };
  writeFileSync(
    path,
    JSON.stringify({
      ...{ version: '1.0', added_tokens: [], normalizer: null, pre_tokenizer: byteLevel, post_processor: null },
      ...{ decoder: byteLevel, model },
    }),
  );

  it('has its tokens, keeps the file, and continues with it', async () => {
    const out = join(folder, 'tokenizer-run');
    const run = begin({ ...small, on: 'f64', vocabulary: path }, { out });
    const { problem } = run;
    expect(problem.kind === 'text' && [...problem.ids.subarray(0, 5)]).toEqual([0, 1, 2, 3, 1]);
    expect(run.tokens.decode([0, 1, 2, 3, 1])).toBe('a rose is a rose');
    expect(run.config.vocabulary).toBe(words.length);
    await train(run, 2);
    expect(readFileSync(join(checkpointIn(out), 'tokenizer.json'), 'utf8')).toBe(readFileSync(path, 'utf8'));
    await train(resume(out, {}));
    expect(checkpointIn(out)).toMatch(/checkpoint-6$/);
  });

  it('refuses a file that is none', () => {
    const none = join(folder, 'none.json');
    writeFileSync(none, '{"a": 1}');
    expect(() => begin({ ...small, vocabulary: none })).toThrow(
      'none.json: is no tokenizer.json, which has model.vocab',
    );
  });
});

describe('a run whose loss is not finite', () => {
  it('ends with an error, and its last checkpoint is whole', async () => {
    const out = join(folder, 'infinite');
    const run = begin({ ...small, on: 'f32', steps: 4 }, { out });
    const broken = { ...run.state, params: run.state.params.map((x, i) => (i === 3 ? NaN : x)) };
    await expect(train({ ...run, state: broken })).rejects.toThrow(/train: step 1: the loss is NaN/);
    expect(checkpointIn(out)).toMatch(/checkpoint-0$/);
    expect(bytesOf(out)['model.safetensors']).toBeDefined();
  });
});

describe('a text', () => {
  it('that no string can hold is refused before it is read, in a file or in all of a folder', () => {
    const out = join(folder, 'too-long');
    const texts = join(folder, 'texts');
    mkdirSync(texts);
    const parts = ['a.txt', 'b.txt'].map((name) => join(texts, name));
    for (const part of parts) {
      writeFileSync(part, '');
      truncateSync(part, 3e8); // takes no space
    }
    expect(() => begin({ ...small, text: texts }, { out })).toThrow(
      'texts: has 600 MB of text; up to 536 MB are read. Leave some files out',
    );
    truncateSync(parts[0]!, 2 ** 30);
    expect(() => begin({ ...small, text: parts[0]! }, { out })).toThrow(/a.txt: has 1073 MB of text; .*: head -c 400/);
    rmSync(texts, { recursive: true });
  });

  it.each([
    ['', {}, 'is empty; give some text'],
    ['aaaa', {}, 'has one character only, so there is nothing to learn'],
    ['a short text', {}, 'the text has 12 tokens, 1 of them for validation; rows of 8 need 90 or so'],
    [
      'a text',
      { vocabulary: 'byte' },
      '--vocabulary byte is unknown; use characters, bytes, or the path of a tokenizer.json',
    ],
    ['a text', { model: 'dense-retent' }, "there is no model 'dense-retent'"],
    ['a text', { width: 10 }, '--width 10 does not fit dense-retnet with --heads 2'],
    [
      'a text',
      { model: 'retnet', denseLayers: 1 },
      'retnet has no dense connections, so --dense-layers 1 means nothing',
    ],
  ])('%j with %j is refused, and nothing is written', (content, settings, message) => {
    const path = join(folder, 'refused.txt');
    writeFileSync(path, content);
    const out = join(folder, 'refused');
    expect(() => begin({ ...small, ...settings, text: path }, { out })).toThrow(message);
    expect(readdirSync(folder)).not.toContain('refused');
  });
});
