import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkpointIn, readModel } from '../../src/runs/checkpoint.ts';
import { metricsOf } from '../../src/runs/metrics.ts';
import { bash, densessmHere, program } from './run.ts';
import { smallRuns } from './small-runs.ts';

const { folder, text, small, train } = smallRuns('train');

describe('densessm train', { timeout: 60_000 }, () => {
  it('trains, writes a checkpoint and a sample, and is listed', async () => {
    const { status, stdout } = await train('first', '--steps', '4', '--every', '2');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^dense-retnet, \d+ parameters, on f64, eagerly; .*roses.txt\n/);
    expect(stdout).toContain('unigram entropy of the validation text: 1.9517 nats');
    expect(stdout.match(/^ +[024] .*MiB$/gm)).toHaveLength(3);
    expect(readdirSync(join(folder, 'first'))).toEqual(['checkpoint-4', 'metrics.jsonl']);
    const { stdout: listed } = await densessmHere('runs', folder);
    expect((await densessmHere('runs', join(folder, 'first'))).stdout).toContain('first  dense-retnet');
    expect((await densessmHere('runs', text)).stderr).toContain('roses.txt: is no folder; name one that has runs');
    expect(listed).toMatch(/first +dense-retnet +\d+ +4 +4 +\d\.\d{4} +\d\.\d{4} +\d\.\d{4}\n/);
  });

  it('samples the same text for the same seed, and none for a prompt of other characters', async () => {
    await train('sampled', '--steps', '2');
    const sample = (...args: string[]) => densessmHere('sample', join(folder, 'sampled'), '--tokens', '9', ...args);
    const first = await sample('--prompt', 'a ro', '--seed', '3');
    expect(first.stdout).toMatch(/^a ro.{9}\n$/);
    expect(await sample('--prompt', 'a ro', '--seed', '3')).toEqual(first);
    expect(await sample('--prompt', 'a ro', '--seed', '3', '--checkpoint', 'last')).toEqual(first);
    const json = JSON.parse((await sample('--prompt', 'a ro', '--seed', '3', '--json')).stdout);
    expect(json.schema).toBe('densessm/sample');
    expect(`a ro${json.text}\n`).toBe(first.stdout);
    expect((await sample()).stdout).toMatch(/^ .{9}\n$/); // the text has no new line
    const note = 'note: trained on rows of 8 tokens; what stands beyond may be worse (train --length 13)\n';
    expect(first.stderr).toBe(note);
    expect((await sample('--tokens', '4')).stderr).toBe('');
    const refused = await sample('--prompt', 'a Z');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain(
      'sample: --prompt: character "Z" at position 2 is none of the vocabulary\'s 8; leave it out, or train with',
    );
  });

  it('leaves no folder where the executor does not run here', async () => {
    const out = join(folder, 'no-executor');
    const { status } = await densessmHere('train', text, ...small, '--steps', '1', '--on', 'webgpu', '--out', out);
    // where there is a card, it trains
    expect(existsSync(out)).toBe(status === 0);
  });

  it('prints only JSON with --json, and one line with --quiet', async () => {
    const { stdout } = await train('json', '--steps', '2', '--json');
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ schema: 'densessm/train', ok: true, step: 2, steps: 2, sample: expect.any(String) });
    expect(result.sample).toHaveLength(201); // the first token of the text before those that continue it
    expect((await train('quiet', '--steps', '2', '--quiet')).stdout.split('\n')).toHaveLength(2);
  });

  it.each([
    [['--model', 'dense-retent'], '(Did you mean dense-retnet?)'],
    [['--on', 'wegpu'], '(Did you mean webgpu?)'],
    [['--out', '/dev/null/run'], '/dev/null/run: a file stands in the way (ENOTDIR)'],
    [['--steps', '0'], 'It must be an integer from 1'],
    [['--reading', 'gate'], 'It is NAME=VALUE.'],
    [['--reading', 'gates=shared'], "dense-retnet has no reading 'gates'; it has "],
    [['--reading', 'gates=shared'], "(did you mean 'gate'?)"],
    [['--reading', 'gate=perLayr'], "(did you mean 'perLayer'?)"],
    [['--model', 'retnet', '--reading', 'gate=shared'], "retnet has no reading 'gate'"],
    [['--model', 'mamba', '--heads', '2'], 'mamba has no heads, so --heads 2 means nothing; leave it out'],
    [['--model', 'retnet', '--dense-layers', '1'], 'means nothing; take dense-retnet'],
    [['--model', 'transformer', '--dense-layers', '1'], 'means nothing; leave it out'],
    [
      ['--width', '10'],
      '--width 10 does not fit dense-retnet with --heads 2, which takes multiples of 8; take 8 or 16',
    ],
    [['--dense-layers', '2'], '--dense-layers 2 with --layers 2: the last has 1 below it; take that or fewer'],
    [['--equal-size-to', 'mamba'], 'take a larger --width, or fewer --heads'],
    [['--schedule', 'cosin'], '(Did you mean cosine?)'],
    [['--warmup', '2'], 'cosineDecay: warmup 2 and total 2; 0 ≤ warmup < total'],
  ])('refuses %s in one message', async (args, message) => {
    const { status, stdout, stderr } = await densessmHere('train', text, ...small, '--steps', '2', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('takes readings, several of them, and keeps them', async () => {
    const readings = ['--reading', 'gate=perLayer', '--reading', 'projection=identity'];
    expect((await train('readings', '--steps', '2', ...readings)).status).toBe(0);
    const { config } = readModel(checkpointIn(join(folder, 'readings')));
    expect(config.readings).toMatchObject({ gate: 'perLayer', projection: 'identity', pass: 'raw' });
    const on = (...args: string[]) =>
      densessmHere('train', '--resume', join(folder, 'readings'), '--steps', '4', ...args);
    expect((await on('--reading', 'gate=shared')).stderr).toContain(
      'was begun with --reading {"gate":"perLayer"}, not {"gate":"shared"}',
    );
    expect((await on('--reading', 'fusion=concat')).stderr).toContain('{"fusion":"add"}, not {"fusion":"concat"}');
    expect((await on('--beta2', '0.9')).stderr).toContain('was begun with --beta2 0.95, not 0.9');
    // what is the run's own may be said again
    const own = ['--reading', 'gate=perLayer', '--reading', 'fusion=add', '--dense-layers', '2', '--beta2', '0.95'];
    const more = ['--decay', '0.1', '--schedule', 'cosine', '--warmup', '0', '--validation-batches', '8', ...small];
    const path = `${text.slice(0, text.lastIndexOf('/'))}/./roses.txt`;
    expect((await on(path, ...own, ...more, '--out', join(folder, 'readings'))).status).toBe(0);
    expect((await on('--out', join(folder, 'other'))).stderr).toContain('continues in that folder, so --out');
  });

  it('shows the mean of the training losses since the row before, and takes as many validation batches as asked', async () => {
    await train('mean', '--steps', '4', '--every', '2', '--validation-batches', '1');
    const metrics = metricsOf(join(folder, 'mean'));
    const losses = metrics.flatMap(({ loss }) => loss ?? []);
    const means = metrics.flatMap(({ validation, training }) => (validation === undefined ? [] : [training]));
    const half = (from: number): number => (losses[from]! + losses[from + 1]!) / 2;
    expect(means).toEqual([undefined, expect.closeTo(half(0), 12), expect.closeTo(half(2), 12)]);
    const { stdout } = await densessmHere('runs', join(folder, 'mean'), '--json');
    expect(JSON.parse(stdout).runs[0].loss).toBe(means[2]);
    // the text has 33 tokens for validation: one batch has two rows of them, eight have all four
    await train('batches', '--steps', '4', '--every', '2');
    const first = (run: string) => metricsOf(join(folder, run))[0]!.validation;
    expect(first('batches')).not.toBe(first('mean'));
  });

  it('says which width --equal-size-to has chosen, and for what', async () => {
    const asked = ['--model', 'mamba', '--equal-size-to', 'dense-retnet', '--width', '16', '--steps', '2'];
    const { stdout } = await train('equal', ...asked);
    expect(stdout).toMatch(
      /\nwidth \d+, for as many parameters as dense-retnet has at width 16: \d+ \(here \d\.\d % (more|fewer)\)\n/,
    );
    const json = JSON.parse((await train('equal-json', ...asked, '--json')).stdout);
    const equalSizeTo = { model: 'dense-retnet', width: 16, parameters: expect.any(Number) };
    expect(json).toMatchObject({ parameters: expect.any(Number), width: expect.any(Number), equalSizeTo });
    expect(stdout).toContain(`width ${json.width}, `);
  });

  it('says that steps on another executor are not the same', async () => {
    await train('elsewhere', '--steps', '2');
    const resumed = await densessmHere('train', '--resume', join(folder, 'elsewhere'), '--steps', '4', '--on', 'f32');
    expect(resumed.stdout).toContain('the steps before ran on f64: those that follow are not the same bit for bit');
  });

  it('says what the rate of more steps is', async () => {
    await train('more', '--steps', '2', '--rate', '0.01', '--recipe', 'paper');
    const { stdout } = await densessmHere('train', '--resume', join(folder, 'more'), '--steps', '3');
    expect(stdout).toContain('over the 2 steps asked for at first: those after them keep its last rate, 0\n');
  });

  it('prints nothing on standard error where the best executor is none of a card', () => {
    const args = `train '${text}' ${small.join(' ')} --on auto --steps 1 --quiet --out '${join(folder, 'silent')}'`;
    expect(bash(`densessm ${args}`)).toMatchObject({ status: 0, stderr: '' });
  });

  it('begins no run where one is', async () => {
    await train('twice', '--steps', '2');
    const again = await train('twice', '--steps', '2');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('is not empty; --resume');
  });
});

describe('settings in a file', () => {
  const config = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it.each([
    ['a.toml', 'steps = 2\nlength = 8\ndense-layers = 1\n'],
    ['a.json', '{ "steps": 2, "length": 8, "dense-layers": 1 }'],
  ])('are read from %s, and options override them', async (name, content) => {
    const path = config(name, content);
    const out = `config-${name}`;
    expect((await train(out, '--steps', '3', '--config', path)).status).toBe(0);
    const { settings } = JSON.parse(readFileSync(join(checkpointIn(join(folder, out)), 'training.json'), 'utf8'));
    expect(settings).toMatchObject({ steps: 3, length: 8, denseLayers: 1 });
  });

  it('may have dropout, which a run keeps', async () => {
    const path = config('dropout.toml', 'steps = 2\nlength = 8\ndropout = 0.2\n');
    const out = join(folder, 'dropout');
    expect((await train('dropout', '--config', path)).status).toBe(0);
    const { settings } = JSON.parse(readFileSync(join(checkpointIn(out), 'training.json'), 'utf8'));
    expect(settings).toMatchObject({ dropout: 0.2 });
    const on = (...args: string[]) => densessmHere('train', '--resume', out, '--steps', '3', ...args);
    expect((await on('--dropout', '0.1')).stderr).toContain('the run was begun with --dropout 0.2, not 0.1');
    expect((await on('--config', path, '--dropout', '1')).stderr).toContain('from 0 to 0.99');
    expect((await on('--dropout', '0.2')).stdout).toContain('continues after step 2');
  });

  it('are those of the command too, and are taken again by a run that continues', async () => {
    const out = join(folder, 'from-file');
    const path = config('all.toml', `out = "${out}"\nequal-size-to = "dense-retnet"\nsteps = 2\nmodel = "mamba"\n`);
    const sizes = [...small, '--width', '16'];
    const file = ['--config', path];
    const begun = await densessmHere('train', text, ...sizes, ...file);
    expect(begun.stdout).toContain('for as many parameters as dense-retnet has at width 16: ');
    const again = await densessmHere('train', text, ...sizes, ...file, '--resume', out, '--steps', '3');
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('continues after step 2') });
  });

  it.each([
    ['b.toml', 'equal-size-two = "mamba"', "(did you mean 'equal-size-to'?)"],
    ['b.toml', 'equal-size-to = "mambo"', "(did you mean 'mamba'?)"],
    ['b.toml', 'vary = { gate = ["shared"] }', "unknown setting 'vary'"],
    ['b.toml', 'step = 2', "unknown setting 'step'; use text, task, set, vocabulary"],
    ['b.toml', 'step = 2', "(did you mean 'steps'?)"],
    ['b.toml', 'recipe = "papr"', 'recipe is "papr"; it is one of nanogpt, paper (did you mean \'paper\'?)'],
    ['b.toml', 'denseLayers = 1', "(did you mean 'dense-layers'?)"],
    ['b.toml', 'dense_layers = 1', "(did you mean 'dense-layers'?)"],
    ['b.toml', 'dense-layers = -1', 'dense-layers is -1; it is an integer ≥ 0'],
    ['b.toml', 'readings = 2', 'readings is 2; it is an object of texts by name'],
    ['c.toml', 'steps = "2"', 'steps is "2"; it is an integer ≥ 1'],
    ['d.toml', 'steps = = 2', 'd.toml: is not TOML ('],
    ['e.json', '{"on": "wegpu"}', "(did you mean 'webgpu'?)"],
    ['f.json', '[2]', 'holds no settings'],
  ])('are refused: %s, %s', async (name, content, message) => {
    const { status, stderr } = await densessmHere('train', text, '--config', config(name, content), '--out', folder);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('densessm runs', { timeout: 60_000 }, () => {
  it('lists the other runs where one is damaged, says how, and fails', async () => {
    const all = join(folder, 'all');
    await train('all/a', '--steps', '2');
    await train('all/b', '--steps', '2');
    await train('all/c', '--steps', '2');
    writeFileSync(join(checkpointIn(join(all, 'a')), 'training.json'), '{"step": "two"}');
    writeFileSync(join(all, 'b', 'metrics.jsonl'), '{"step":1}\nnonsense\n');
    const { status, stdout, stderr } = await densessmHere('runs', all);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/all\/a {2}damaged: .*training.json: step is "two"; it is an integer ≥ 0: take another/);
    expect(stdout).toMatch(/all\/b {2}damaged: .*metrics.jsonl: line 2 is not JSON/);
    expect(stdout).toMatch(/all\/c +dense-retnet +\d+ +2 +2 /);
    const listed = JSON.parse((await densessmHere('runs', all, '--json')).stdout);
    expect(listed).toMatchObject({
      schema: 'densessm/runs',
      ok: false,
      runs: [{ damaged: expect.any(String) }, { damaged: expect.any(String) }, { step: 2 }],
    });
  });
});

describe('a run whose loss is not finite', { timeout: 60_000 }, () => {
  it('says what to do with options, and is listed with the losses of its checkpoint', async () => {
    const run = join(folder, 'diverged', 'a');
    const rates = ['--rate', '100', '--clip', '0', '--warmup', '0', '--steps', '42', '--every', '3', '--on', 'f32'];
    const { status, stderr } = await train('diverged/a', ...rates);
    expect(status).toBe(2);
    const [, failed] = /^error: train: step (\d+): .*: begin another run with a lower --rate; /.exec(stderr) ?? [];
    expect(stderr).toContain(`lower --rate; ${checkpointIn(run)} is whole\n`);
    const { runs } = JSON.parse((await densessmHere('runs', join(folder, 'diverged'), '--json')).stdout);
    const metrics = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const steps = metrics.map((one) => JSON.parse(one));
    const kept = Number(/\d+$/.exec(checkpointIn(run))![0]);
    expect(kept).toBeLessThan(Number(failed) - 1);
    expect(runs).toEqual([
      expect.objectContaining({
        step: kept,
        notFinite: Number(failed),
        loss: steps.findLast((one) => one.step <= kept && 'training' in one)?.training,
      }),
    ]);
    const listed = (await densessmHere('runs', join(folder, 'diverged'))).stdout;
    expect(listed).toContain(`  step ${failed} is not finite\n`);
  });
});

describe('a disk that takes no more', { timeout: 60_000 }, () => {
  const size = small.join(' ');

  it('begins no run, and leaves no folder', () => {
    const run = join(folder, 'full');
    const { status, stderr } = bash(`ulimit -f 8; densessm train '${text}' ${size} --steps 4 --out '${run}'`);
    expect(status).toBe(2);
    expect(stderr).toMatch(/checkpoint-0: the file is larger than this process may write \(EFBIG\)/);
    expect(existsSync(run)).toBe(false);
  });

  it('leaves the last checkpoint whole', async () => {
    const run = join(folder, 'filled');
    await train('filled', '--steps', '4', '--every', '2');
    const before = weights(run);
    const { status, stderr } = bash(`ulimit -f 8; densessm train --resume '${run}' --steps 8`);
    expect(status).toBe(2);
    expect(stderr).toContain('checkpoint-6: ');
    expect(readdirSync(run)).toEqual(['checkpoint-4', 'metrics.jsonl']);
    expect(weights(run)).toEqual(before);
  });
});

const children: ChildProcess[] = [];
afterAll(() => {
  // a test that failed leaves its process running
  for (const child of children) child.kill('SIGKILL');
});

/** Starts a run in a process of its own. */
function started(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, 'train', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on('exit', resolve));

/** Waits until a file of a run is there and has some lines. */
async function lines(run: string, least: number): Promise<void> {
  const path = join(run, 'metrics.jsonl');
  while (!existsSync(path) || readFileSync(path, 'utf8').split('\n').length <= least)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

const weights = (run: string): string[] =>
  ['model.safetensors', 'optimizer.safetensors'].map((name) => readFileSync(join(checkpointIn(run), name), 'latin1'));

describe('a process that ends', { timeout: 120_000 }, () => {
  const args = [text, ...small, '--steps', '150', '--every', '10'];

  it('resumes after SIGKILL with at most the steps since the last checkpoint lost, bit for bit', async () => {
    const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
    await ended(started(...args, '--out', whole));
    for (const least of [1, 30, 80]) {
      const child = started(...(existsSync(killed) ? ['--resume', killed] : [...args, '--out', killed]));
      await lines(killed, least);
      child.kill('SIGKILL');
      await ended(child);
      const seen = readFileSync(join(killed, 'metrics.jsonl'), 'utf8').split('\n').length - 1;
      const kept = Number(/\d+$/.exec(checkpointIn(killed))![0]);
      // a validation every 10 steps has a line too
      expect(kept).toBeGreaterThanOrEqual(Math.floor(seen / 1.1) - 11);
    }
    expect(await ended(started('--resume', killed))).toBe(0);
    expect(weights(killed)).toEqual(weights(whole));
  });

  it('is alone in its folder, and its lock dies with it', async () => {
    const run = join(folder, 'alone');
    const child = started(...args, '--steps', '100000', '--out', run);
    await lines(run, 13);
    const second = await densessmHere('train', '--resume', run);
    expect(second).toMatchObject({ status: 2, stdout: '' });
    expect(second.stderr).toContain(`.lock: process ${child.pid} trains in this folder; wait for it, or remove `);
    child.kill('SIGKILL');
    await ended(child);
    expect(existsSync(join(run, '.lock'))).toBe(true);
    const { step } = JSON.parse(readFileSync(join(checkpointIn(run), 'training.json'), 'utf8'));
    expect((await densessmHere('train', '--resume', run, '--steps', String(step + 10))).status).toBe(0);
    expect(readdirSync(run)).toEqual([`checkpoint-${step + 10}`, 'metrics.jsonl']);
  });

  it('ends a sample at Ctrl-C with what was written, and where nobody reads on', async () => {
    const run = join(folder, 'written');
    await train('written', '--steps', '1');
    const child = spawn(process.execPath, [program, 'sample', run, '--tokens', '1000000', '--prompt', 'a']);
    children.push(child);
    const closed = new Promise((resolve) => child.on('close', resolve));
    let text = '';
    child.stdout.on('data', (piece) => {
      if (text.length <= 10 && text.length + piece.length > 10) child.kill('SIGINT');
      text += piece;
    });
    expect(await closed).toBe(130);
    expect(text).toMatch(/^a[a ;eiors]{10,}\n$/);
    const { status, stdout } = bash(`densessm sample '${run}' --tokens 1000000 --prompt a | head -c 5`);
    expect([status, stdout.length]).toEqual([0, 5]);
  });

  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['a request to end', 'SIGTERM', 143],
    ['a closed terminal', 'SIGHUP', 129],
  ] as const)('stops at %s with a checkpoint and its status', async (_, signal, status) => {
    const run = join(folder, `stopped-${signal}`);
    const child = started(...args, '--steps', '100000', '--out', run);
    await lines(run, 13);
    child.kill(signal);
    expect(await ended(child)).toBe(status);
    const steps = readFileSync(join(run, 'metrics.jsonl'), 'utf8').match(/"loss"/g)!.length;
    expect(checkpointIn(run)).toBe(join(run, `checkpoint-${steps}`));
  });
});
