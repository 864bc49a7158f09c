import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';
import { root } from '../support/root.ts';
import { densessm, type Run } from './run.ts';

const python = pythonWith('numpy');

/** A kernel of blocks of 16 channels that declines the rest, with the domain in its first argument. */
const program = `
import sys
import numpy as np
from densessm_backend import Backend, Unsupported
backend = Backend('blocks', library='numpy')
@backend.operator('linearScan', modes=['recurrent'], dtypes=['F64'], domain=eval(sys.argv[1]))
def linear_scan(inputs, settings, mode):
    h, rows = inputs['state'], []
    if h.shape[1] % 16 > 0:
        raise Unsupported('widths are multiples of 16')
    for t in range(inputs['b'].shape[1]):
        h = inputs['a'][:, t] * h + inputs['b'][:, t]
        rows.append(h)
    return {'output': np.stack(rows, 1), 'state': h}
backend.run()
`;

if (python === null) tellsThatItDidNotRun('test/cli/domain.test.ts', 'numpy');
else
  describe('a check of a kernel that takes few widths', { timeout: 60_000 }, () => {
    const scratch = mkdtempSync(join(tmpdir(), 'densessm-'));
    afterAll(() => rmSync(scratch, { recursive: true }));

    const checked = (domain: string, ...args: string[]): Run => {
      const path = join(scratch, 'blocks.py');
      writeFileSync(path, program);
      const command = `PYTHONPATH=${join(root, 'adapters/python')} ${python} ${path} "${domain}"`;
      return densessm('check', '--backend', command, '--cases', '20', ...args);
    };

    it('says what was asked inside its domain, in words and as JSON', () => {
      const domain = 'dict(axes=dict(n=range(16, 65, 16), b=1))';
      const { status, stdout } = checked(domain);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^asked inside its domain linearScan recurrent: n in \{16, 32, 48(, 64)?\}; b = 1$/m);
      expect(stdout).toContain('PASS: 1 of 1 rows right on 20 cases');
      const { rows } = JSON.parse(checked(domain, '--json', '--operator', 'linearScan', '--mode', 'recurrent').stdout);
      expect(rows[0]).toMatchObject({ cases: 20, unsupported: 0, lengths: { b: [1] } });
      expect(rows[0].domain).toContain('b = 1');
    });

    it.each(['None', 'dict(axes=dict(b=1))'])(
      'names the reason and the remedy where it declines all of %s',
      (domain) => {
        const { status, stdout } = checked(domain);
        expect(status).toBe(1);
        expect(stdout).toContain('20 of 20 cases unsupported: widths are multiples of 16');
        expect(stdout).toContain("declined most cases of linearScan recurrent: let its 'domain' say what it takes");
        expect(stdout).toContain(
          'FAIL: nothing was compared: it declined all 20 cases of linearScan: widths are multiples of 16',
        );
      },
    );

    it('refuses a domain that is wrong, unknown or empty', () => {
      const wrong = checked('dict(axes=dict(n=[16, -1]))');
      expect(wrong.status).toBe(2);
      expect(wrong.stderr).toContain(
        'its description: operator "linearScan": domain: axes: "n" is the list [16,-1]; each entry',
      );
      const unknown = checked('dict(axes=dict(N=16, n=16))');
      expect(unknown.status).toBe(1);
      expect(unknown.stdout).toContain(
        `its domain of linearScan has the axis "N", which is not known; known are b, t, n`,
      );
      expect(unknown.stdout).toContain('its description is wrong, see above');
      const empty = checked(`dict(inputs=dict(a='finite'), settings=dict(chunkSize=16))`);
      expect(empty.status).toBe(1);
      expect(empty.stdout).toContain('no case is in its domain, as never: chunkSize = 16');
    });
  });
