import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointIn } from '../../src/runs/checkpoint.ts';
import { densessmHere } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-exchange-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

describe('densessm export and import', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    writeFileSync(at('roses.txt'), 'a rose is a rose is not; '.repeat(12));
    const small = ['--width', '8', '--layers', '2', '--length', '8', '--batch', '2', '--steps', '2', '--on', 'f64'];
    await densessmHere('train', at('roses.txt'), '--model', 'mamba', ...small, '--out', at('run'));
  });

  it.each(['transformers', 'state-spaces'])('bring a model to %s and back, byte for byte', async (project) => {
    const [theirs, back] = [at(project), at(`back-${project}`)];
    const there = await densessmHere('export', at('run'), '--as', project, '--out', theirs);
    expect(there.stdout).toMatch(
      new RegExp(`^mamba, \\d+ parameters, F64, for ${project}, from .*checkpoint-2\n.*: config.json, model`),
    );
    const here = await densessmHere('import', theirs, '--out', back);
    expect(here.stdout).toMatch(new RegExp(`^mamba, \\d+ parameters, F64, from ${project}\n`));
    for (const name of ['config.json', 'model.safetensors', 'vocabulary.json'])
      expect(readFileSync(join(back, name))).toEqual(readFileSync(join(checkpointIn(at('run')), name)));
    const sample = (run: string) => densessmHere('sample', run, '--prompt', 'a ', '--tokens', '9');
    expect((await sample(back)).stdout).toBe((await sample(at('run'))).stdout);
    expect((await densessmHere('runs', folder)).stdout).toMatch(
      new RegExp(`back-${project} +mamba +\\d+ +- +- +- +- +- {2}imported: a model without training\n`),
    );
  });

  it.each([
    ['retnet', 'torchscale', ['retentionNorm=torchscale']],
    ['dense-retnet', 'authors', ['projection=identity', 'fusedNorm=rms', 'retentionNorm=torchscale']],
  ])('bring a %s to %s and back, trained with its readings', async (model, project, readings) => {
    const sizes = ['--width', '8', '--heads', '2', '--layers', '2', '--length', '8', '--batch', '2', '--steps', '1'];
    const asked = [...sizes, '--on', 'f64', ...readings.flatMap((reading) => ['--reading', reading])];
    await densessmHere('train', at('roses.txt'), '--model', model, ...asked, '--out', at(model));
    const there = await densessmHere('export', at(model), '--as', project, '--out', at(`there-${model}`));
    expect(there).toMatchObject({ status: 0, stderr: '' });
    await densessmHere('import', at(`there-${model}`), '--out', at(`here-${model}`));
    const bytes = (folder: string) => readFileSync(join(folder, 'model.safetensors'));
    expect(bytes(at(`here-${model}`))).toEqual(bytes(checkpointIn(at(model))));
  });

  it('write the best checkpoint of a run, as sample does, or the last', async () => {
    const two = at('two');
    cpSync(at('run'), two, { recursive: true });
    const [last, best] = [checkpointIn(two), join(two, 'checkpoint-1')];
    cpSync(last, best, { recursive: true });
    const about = JSON.parse(readFileSync(join(last, 'training.json'), 'utf8'));
    writeFileSync(join(best, 'training.json'), JSON.stringify({ ...about, step: 1, validation: 0.1 }));
    const written = async (out: string, ...more: string[]) => {
      const asked = ['export', two, '--as', 'transformers', '--out', at(out), '--json', ...more];
      return JSON.parse((await densessmHere(...asked)).stdout).checkpoint;
    };
    expect(await written('of-best')).toBe(best);
    expect(await written('of-last', '--checkpoint', 'last')).toBe(last);
  });

  it('take an empty folder for --out, and refuse a file in one line', async () => {
    mkdirSync(at('empty'));
    const there = ['export', at('run'), '--as', 'transformers', '--out'];
    expect(await densessmHere(...there, at('empty'))).toMatchObject({ status: 0, stderr: '' });
    const small = ['--width', '16', '--vary', 'decay=0,0.1', '--length', '8'];
    const refused = [
      [...there, at('roses.txt')],
      [...there, join(at('roses.txt'), 'below')],
      ['import', at('empty'), '--out', at('roses.txt')],
      ['ablate', at('roses.txt'), ...small, '--out', at('roses.txt')],
    ];
    for (const command of refused)
      expect(await densessmHere(...command)).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(
          /roses\.txt.*: a file stands in the way \((ENOTDIR|EEXIST)\); write elsewhere\n$/,
        ),
      });
  });

  it('overwrite nothing, and say in JSON what they wrote', async () => {
    const asked = ['export', at('run'), '--as', 'transformers', '--out', at('once')];
    expect(JSON.parse((await densessmHere(...asked, '--json')).stdout)).toMatchObject({
      schema: 'densessm/export',
      ok: true,
      folder: at('once'),
      files: ['config.json', 'model.safetensors', 'vocabulary.json'],
      precision: 'F64',
    });
    expect((await densessmHere(...asked)).stderr).toContain('is not empty; nothing is overwritten');
    const onto = await densessmHere('import', at('once'), '--out', at('run'));
    expect(onto).toMatchObject({ status: 2, stdout: '' });
    expect((await densessmHere('export', at('run'), '--as', 'transformer', '--out', at('x'))).stderr).toContain(
      '(Did you mean transformers?)',
    );
  });

  it('refuse a model without a vocabulary or with another one, and write nothing', async () => {
    await densessmHere('export', at('run'), '--as', 'transformers', '--out', at('mute'));
    rmSync(at('mute/vocabulary.json'));
    const { stderr } = await densessmHere('import', at('mute'), '--out', at('none'));
    expect(stderr).toContain('has no tokenizer.json; give --vocabulary');
    const bytes = await densessmHere('import', at('mute'), '--vocabulary', 'bytes', '--out', at('none'));
    expect(bytes.stderr).toContain('the vocabulary has 256 tokens, the model 16');
    expect(existsSync(at('none'))).toBe(false);
  });

  it('are told by sample and train, where a folder is not one of theirs', async () => {
    await densessmHere('export', at('run'), '--as', 'state-spaces', '--out', at('foreign'));
    expect((await densessmHere('sample', at('foreign'))).stderr).toContain(
      `densessm import ${at('foreign')} --out ${at('our-foreign')} makes`,
    );
    await densessmHere('import', at('foreign'), '--out', at('imported'));
    expect((await densessmHere('train', '--resume', at('imported'))).stderr).toContain(
      'can be sampled, not trained on',
    );
    cpSync(at('imported'), at('again'), { recursive: true });
    expect((await densessmHere('import', at('again'))).stderr).toContain(
      'is of densessm already; densessm sample reads',
    );
  });
});
