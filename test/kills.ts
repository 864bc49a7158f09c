/**
 * @file npm run test:kills: kills a run of densessm train 20 times, at moments drawn from a seed, and resumes it. Each time it may lose the steps
 * since its last checkpoint and no more; at the end it equals a run that was never killed, bit for bit.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { checkpointIn } from '../src/runs/checkpoint.ts';
import { metricsOf } from '../src/runs/metrics.ts';
import { rng } from '../src/tensor/random.ts';

const kills = 20;
const every = 10;
const seed = Number(process.argv[2] ?? 1);
const program = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const size = ['--width', '32', '--layers', '2', '--heads', '2', '--batch', '4', '--length', '32'];
const args = [...size, '--on', 'wasm', '--steps', '600', '--every', `${every}`, '--quiet'];

const folder = mkdtempSync(join(tmpdir(), 'densessm-kills-'));
const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
const random = rng(seed);

/** The number of the last checkpoint, or null before the first. */
function stepOf(run: string): number | null {
  if (!existsSync(run) || !readdirSync(run).some((name) => name.startsWith('checkpoint-'))) return null;
  return Number(/\d+$/.exec(checkpointIn(run))![0]);
}

const stepsOf = (run: string): number => metricsOf(run).filter(({ loss }) => loss !== undefined).length;
const partsIn = (run: string): string[] =>
  existsSync(run) ? readdirSync(run).filter((name) => /^\.checkpoint/.test(name)) : [];

/** Whether the last line of the metrics is a step that a validation follows. */
function isInValidation(run: string): boolean {
  const last = metricsOf(run).at(-1);
  return last?.loss !== undefined && last.step % every === 0;
}

/** What a kill waits for once the run is after a drawn step, and the longest time from then on, in ms. */
const moments: Readonly<Record<string, { readonly ms: number; begun(partsBefore: readonly string[]): boolean }>> = {
  steps: { ms: 30, begun: () => true },
  validation: { ms: 2, begun: () => isInValidation(killed) },
  'checkpoint write': {
    ms: 4,
    begun: (partsBefore) => partsIn(killed).some((part) => !partsBefore.includes(part)),
  },
};

/** Starts the run or continues it. Resolves to its exit status, null where a signal ended it. */
function train(run: string): { kill(): void; readonly ended: Promise<number | null> } {
  const where = stepOf(run) === null ? [...args, '--out', run] : ['--resume', run, '--quiet'];
  const child = spawn(process.execPath, [program, 'train', ...where], { stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr.on('data', (text) => errors.push(String(text)));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  ended.then((status) => {
    if (status) console.log(errors.join(''));
  });
  return { kill: () => child.kill('SIGKILL'), ended };
}

let wrong = 0;
const expect = (right: boolean, what: string): void => {
  if (right) return;
  wrong++;
  console.log(`WRONG  ${what}`);
};

/** Kills the run once: every fourth time while it starts and compiles. */
async function kill(at: number): Promise<void> {
  const [name, { ms, begun }] = Object.entries(moments)[at % 4] ?? ['start', { ms: 900, begun: () => true }];
  const target = name === 'start' ? 0 : (stepOf(killed) ?? 0) + 1 + random.integer(3 * every);
  const partsBefore = partsIn(killed);
  const { kill, ended } = train(killed);
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isOver && !(stepsOf(killed) >= target && begun(partsBefore))) await setTimeout(0);
  await setTimeout(ms * random.uniform());
  kill();
  expect((await ended) === null, 'the run ended before its kill');
  const [steps, kept] = [stepsOf(killed), stepOf(killed)];
  const isHalf = partsIn(killed).some((part) => !partsBefore.includes(part));
  const last = kept === null ? 'no checkpoint' : `last checkpoint ${kept}`;
  console.log(`kill ${at + 1}, ${name}: ${steps} steps done, ${last}${isHalf ? ', another half written' : ''}`);
  expect(steps - (kept ?? 0) <= every, `more than ${every} steps are lost`);
}

const bytesOf = (run: string) =>
  ['model.safetensors', 'optimizer.safetensors', 'training.json'].map((name) =>
    readFileSync(join(checkpointIn(run), name), 'latin1'),
  );
/** The metrics without times, a line each. */
const metrics = (run: string): string =>
  metricsOf(run)
    .map(({ seconds: _, ...one }) => JSON.stringify(one))
    .join('\n');

try {
  expect((await train(whole).ended) === 0, 'the run without kills fails');
  for (let at = 0; at < kills && wrong === 0; at++) await kill(at);
  expect((await train(killed).ended) === 0, 'the run does not end after its kills');
  expect(String(bytesOf(killed)) === String(bytesOf(whole)), 'parameters, optimizer or state differ');
  expect(metrics(killed) === metrics(whole), 'metrics differ');
  expect(String(readdirSync(killed)) === String(readdirSync(whole)), 'other files are left');
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${kills} kills, seed ${seed}: ${wrong === 0 ? 'the run equals one that was never killed' : 'WRONG'}`);
process.exitCode = wrong === 0 ? 0 : 1;
