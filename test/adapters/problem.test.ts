/** @file Problems of benchmarks: their references equal the definitions, and their adapter judges kernels that the benchmarks' tolerances let pass. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFolderWhole } from '../../src/io/write-file.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import { type Case, fill } from '../../src/oracle/case.ts';
import { check } from '../../src/oracle/check/check.ts';
import { acceptedOf } from '../../src/oracle/frozen/accepted.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { type Benchmark, problemFiles } from '../../src/oracle/problems/files.ts';
import { type Asked, type MadeProblem, problemOf } from '../../src/oracle/problems/problem.ts';
import { hasAxis } from '../../src/oracle/signature.ts';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { folder as adapters, keep } from './support.ts';

const operatorOf = (name: string): Operator => operators.find((one) => one.name === name)!;

/** Lengths of axes that keep tests short, those that an operator has. */
const short = { b: 2, h: 2, t: 9, d: 3, e: 4, n: 3, w: 5 };

function made(name: string, mode = operatorOf(name).reference): MadeProblem {
  const operator = operatorOf(name);
  const has = (letter: string): boolean => hasAxis(operator.signature.inputs, letter);
  const axes = Object.fromEntries(Object.entries(short).filter(([letter]) => has(letter)));
  return problemOf({ operator, mode, dtype: 'F32', axes, settings: {}, seed: 2 });
}

it('holds the axes that a list of its settings follows, and no others', () => {
  const asked = ['retention', 'denseRetention', 'mamba2Scan', 'linearScan'];
  const held = asked.map((name) => made(name).problem.held);
  expect(held).toEqual([{ h: 'decay' }, { h: 'decay' }, {}, {}]);
});

const torch = pythonWith('numpy', 'torch');

/** Runs references on inputs in float64, and prints their outputs. */
const runner = `
import json, math, sys, torch
for line in sys.stdin:
    one, known = json.loads(line), {'math': math, 'torch': torch}
    exec(one['reference'], known)
    tensors = [torch.tensor(x['data'], dtype=torch.float64).reshape(x['shape']) for x in one['inputs']]
    print(json.dumps([dict(shape=list(y.shape), data=y.reshape(-1).tolist()) for y in known['reference'](*tensors)]))
`;

/** Every output beyond its bound in double precision, by operator. */
function wrongIn(asked: readonly { readonly made: MadeProblem; readonly reference: string }[]): string[] {
  const cases = asked.map(({ made: { layout } }): Case => fill(layout, 5, 'normal'));
  const lines = asked.map(({ reference }, i) => {
    const inputs = Object.values(cases[i]!.inputs).map(({ shape, data }) => ({ shape, data: [...data] }));
    return JSON.stringify({ reference, inputs });
  });
  const { stdout, stderr } = spawnSync(torch!, ['-c', runner], { input: lines.join('\n'), encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .trim()
    .split('\n')
    .flatMap((line, i) => {
      const { operator, referenceMode, outputs } = asked[i]!.made.problem;
      const answers = JSON.parse(line) as { readonly shape: number[]; readonly data: number[] }[];
      const { tensors } = acceptedOf(operatorOf(operator), referenceMode, 'F64', cases[i]!);
      return outputs.flatMap(({ name }, n) => {
        const { right, bounds, shape } = tensors[`out/${name}`]!;
        const { data, shape: own } = answers[n]!;
        const isRight = right.every((x, j) => Math.abs(data[j]! - x) <= bounds[j]!) && data.some((x) => x !== 0);
        return isRight && own.join() === shape.join() ? [] : [`${operator} ${name}`];
      });
    });
}

if (torch === null) {
  tellsThatItDidNotRun('test/adapters/problem.test.ts', 'numpy', 'torch');
} else {
  describe('a problem of a benchmark', { timeout: 240_000 }, () => {
    const at = mkdtempSync(join(tmpdir(), 'densessm-problem-'));
    afterAll(() => rmSync(at, { recursive: true }));
    const write = (name: string, text: string): string => {
      writeFileSync(join(at, name), text);
      return join(at, name);
    };

    /** Writes the folder of a problem. */
    function written(as: Benchmark, name: string, mode: string, axes: Asked['axes']): string {
      const asked: Asked = { operator: operatorOf(name), mode, dtype: 'F32', axes, settings: {}, seed: 1 };
      writeFolderWhole(join(at, name), problemFiles(as, problemOf(asked), 3));
      return join(at, name);
    }

    it('has a reference that equals the definition within the bounds of double precision', () => {
      const names =
        'retention linearScan selectiveScan simpleGla gla mamba2Scan stateSpaceDuality attention deltaRule mamba3 depthwiseConvolution discretise crossEntropy'.split(
          ' ',
        );
      const known = new Map(names.map((name) => [name, made(name)]));
      const asked = [...known.values()].map((one) => ({ made: one, reference: one.reference }));
      expect(wrongIn(asked)).toEqual([]);
      // a loop that ends one token early, a slice that stays, a state that is not carried
      const faults: [string, string, string][] = [
        ['retention', 'range(9)', 'range(8)'],
        ['simpleGla', 'k.narrow(2, turn, 1)', 'k.narrow(2, 0, 1)'],
        ['linearScan', / {8}before\d+ = x\d+\n/.exec(known.get('linearScan')!.reference)![0], ''],
      ];
      const wrong = faults.map(([name, text, other]) => {
        const one = known.get(name)!;
        expect(one.reference).toContain(text);
        return { made: one, reference: one.reference.replace(text, other) };
      });
      expect(wrongIn(wrong)).toEqual(expect.arrayContaining(faults.map(([name]) => `${name} output`)));
    });

    const env = { ...process.env, PYTHONPATH: adapters };
    const run = (module: string, ...args: string[]) =>
      spawnSync(torch, ['-m', `densessm_adapters.${module}`, ...args], { encoding: 'utf8', env });
    /** What a check says of a kernel: the status of its row, and the first likeness of a failure. */
    async function judged(folder: string, kernel: string, ...options: string[]): Promise<string[]> {
      const words = [torch, '-m', 'densessm_adapters.problem', folder, kernel, ...options];
      const backend = await keep(openProcess(`PYTHONPATH=${adapters} ${words.join(' ')}`));
      const { rows } = await check(backend, { cases: 12, seed: 5 });
      const own = rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED');
      return own.map(({ operator, mode, dtype, outputs }) => `${operator} ${mode} ${dtype} ${outputs}`);
    }

    it('of KernelBench judges a ModelNew, and rejects one that its tolerance takes', async () => {
      const folder = written('kernelbench', 'linearScan', 'recurrent', { b: 2, t: 12, n: 3 });
      const wrong = join(adapters, 'model_new.py');
      const right = write(
        'right.py',
        `
import torch

class ModelNew(torch.nn.Module):
    def forward(self, a, b, state):
        rows = []
        for t in range(a.shape[1]):
            state = a[:, t] * state + b[:, t]
            rows.append(state)
        return torch.cat([torch.stack(rows, 1).flatten(), state.flatten()])
`,
      );
      for (const path of [right, wrong]) {
        const { status, stdout } = run('closeness', folder, path);
        expect([status, stdout]).toEqual([0, expect.stringContaining('at 0.0001 (its tolerance today): 5 of 5')]);
      }
      expect(await judged(folder, right, '--vary', 'b,t', '--mode', 'scan')).toEqual(['linearScan scan F32 PASS']);
      expect(await judged(folder, wrong)).toEqual(['linearScan recurrent F32 FAIL']);
      const flat = write('flat.py', `from torch.nn import Identity as ModelNew`);
      expect(run('closeness', folder, flat).stderr).toContain('takes 2 positional arguments but 4 were given');
    });

    it('leaves −∞ out where it is told to, and refuses other names', async () => {
      const folder = written('kernelbench', 'simpleGla', 'parallel', { b: 1, h: 2, t: 12, d: 4, e: 4 });
      const kernel = write(
        'cumulated.py',
        `
import torch

class ModelNew(torch.nn.Module):
    def forward(self, q, k, v, state, gate):
        g = gate.cumsum(-1)
        scores = q @ k.mT * (g[..., :, None] - g[..., None, :]).exp().tril()
        output = scores @ v + g.exp()[..., None] * (q @ state)
        left = (g[..., -1:] - g).exp()[..., None]
        state = g[..., -1:, None].exp() * state + (k * left).mT @ v
        return torch.cat([output.flatten(), state.flatten()])
`,
      );
      expect(await judged(folder, kernel)).toEqual(['simpleGla parallel F32 FAIL']);
      expect(await judged(folder, kernel, '--finite', 'gate')).toEqual(['simpleGla parallel F32 PASS']);
      expect(run('problem', folder, kernel, '--finite', 'gates').stderr).toBe(
        'densessm_adapters: --finite gates: the inputs of simpleGla are q, k, v, state, gate\n',
      );
    });

    it('of flashinfer-bench judges a run and a solution, and rejects one that its tolerance takes', async () => {
      const folder = written('flashinfer', 'retention', 'chunkwise', { b: 1, t: 24, d: 4, e: 4 });
      const kernel = (carried: string): string => `
import torch

D = torch.tensor(${JSON.stringify(decaysIn(folder))})

def run(q, k, v, state):
    decay, rows = D.to(q.dtype).reshape(1, -1, 1, 1), []
    for t in range(q.shape[2]):
        state = decay * state + k[:, :, t, :, None] * v[:, :, t, None]
        rows.append((q[:, :, t, :, None] * state).sum(2))
        if t % 8 == 7:
            state = ${carried}
    return torch.stack(rows, 2), state

def into(q, k, v, state, output, final_state):
    for given, y in zip((output, final_state), run(q, k, v, state)):
        given.copy_(y)
`;
      const sources = [{ path: 'src/main.py', content: kernel('state') }];
      const spec = { language: 'python', target_hardware: ['cpu'], entry_point: 'src/main.py::into' };
      const solution = write('solution.json', JSON.stringify({ name: 'mine', spec, sources }));
      const short = write('short.py', kernel('state.half().float()'));
      for (const path of [solution, short]) {
        const { status, stdout } = run('closeness', folder, path);
        expect([status, stdout]).toEqual([0, expect.stringContaining('at 0.01 (its tolerance today): 3 of 3')]);
      }
      expect(await judged(folder, solution)).toEqual(['retention chunkwise F32 PASS']);
      expect(await judged(folder, short)).toEqual(['retention chunkwise F32 FAIL']);
      // the decays stay, one for each head; lengths are others
      const open = write(
        'open.py',
        `${kernel('state')}\ndef run(q, k, v, state, run=run):\n    return run(q[:, :, :24], k, v, state)`,
      );
      expect(await judged(folder, solution, '--vary', 'all')).toEqual(['retention chunkwise F32 PASS']);
      expect(await judged(folder, open, '--vary', 'all')).toEqual(['retention chunkwise F32 FAIL']);
      const { status, stderr } = run('problem', folder, solution, '--vary', 'b,h');
      expect([status, stderr]).toEqual([
        2,
        'densessm_adapters: --vary h: the setting decay of this problem has 4 entries, one for each h; --vary all frees b, t, d, e, and densessm problem retention --axes h=… writes another\n',
      ]);
    });
  });
}

const decaysIn = (folder: string): number[] =>
  (JSON.parse(readFileSync(join(folder, 'problem.json'), 'utf8')) as { settings: { decay: number[] } }).settings.decay;
