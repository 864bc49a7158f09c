import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/oracle/backends/backend.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import { check } from '../../src/oracle/check/check.ts';
import { operators as allOperators } from '../../src/oracle/operators/index.ts';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { root } from '../support/root.ts';
import { folder, keep } from './support.ts';

const modules = readdirSync(join(folder, 'densessm_adapters')).filter((name) => name.endsWith('.py'));

describe('the adapters of installed packages', () => {
  it('have at most 200 lines each', () => {
    for (const name of modules) {
      const { length } = readFileSync(join(folder, 'densessm_adapters', name), 'utf8')
        .trimEnd()
        .split('\n');
      expect(length, name).toBeLessThan(201);
    }
  });

  it('have the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(readFileSync(join(folder, 'pyproject.toml'), 'utf8')).toContain(`version = "${version}"`);
  });
});

const numpy = pythonWith('numpy');

if (numpy === null) {
  tellsThatItDidNotRun('test/adapters/installed.test.ts', 'numpy');
} else {
  const described = join(root, 'test/adapters/described.py');

  /** Asks an adapter whose package is a mock for its description, and draws a case of each row. */
  async function asked(command: string, operators = allOperators.map(({ name }) => name)) {
    const backend = await keep(openProcess(`${numpy} ${described} ${command}`));
    const nothing: Answer = { kind: 'unsupported', reason: 'nothing is computed' };
    // few shapes for a compiler are the most telling of many draws, which takes time
    return check(
      { ...backend, compiles: false, answer: async () => nothing },
      { cases: 1, seed: 1, operators, dtypes: ['F32'] },
    );
  }

  describe('the description of an adapter', () => {
    for (const command of [
      'fla --tf32 --precision tf32 bf16',
      'fla --naive',
      'mamba_ssm --tf32 --untuned',
      'mamba_ssm --naive',
      'causal_conv1d',
      'transformers --naive',
      'jax',
    ]) {
      it(`has known operators, modes and names, and cases inside its domains: ${command}`, async () => {
        const { problems, rows } = await asked(command);
        expect(problems).toEqual([]);
        const offered = rows.filter(({ reason }) => reason === 'nothing is computed');
        expect(offered.length).toBeGreaterThan(0);
        expect(rows.filter(({ outputs }) => outputs === 'UNCHECKED')).toEqual([]);
      });
    }

    it('has delta rules in recurrent mode on demand', async () => {
      const { problems, rows } = await asked('fla --recurrent', ['deltaRule']);
      expect(problems).toEqual([]);
      const offered = rows.filter(({ reason }) => reason === 'nothing is computed');
      expect(offered.map(({ mode }) => mode)).toEqual(['recurrent', 'recurrent/packed']);
    });

    it('tells lengths of axes that an operator does not have', async () => {
      const { problems } = await asked('fla --axes w=64', []);
      expect(problems).toContainEqual(expect.stringContaining('its domain of linearAttention has the axis "w"'));
    });
  });
}
