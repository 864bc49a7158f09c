import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFolderWhole } from '../../../src/io/write-file.ts';
import type { ComparedNumbers } from '../../../src/oracle/check/failure-data.ts';
import { junitOf } from '../../../src/oracle/check/reports/junit.ts';
import { pageOf } from '../../../src/oracle/check/reports/page.ts';
import { savedFiles } from '../../../src/oracle/check/reports/saved.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { hostile, report, said } from '../../support/sample-report.ts';

describe('the page of a report', () => {
  const page = pageOf(report, said);

  it('needs no network and no script, and shows foreign texts as texts', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|src=|@import|url\(|\son\w+=|javascript:/i);
    expect(page.match(/https?:/g)).toBeNull();
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39; \ufffd');
    expect(page).toContain("default-src 'none'");
  });

  it('has the rows, causes, the smallest case, measures, profiles and drawings', () => {
    for (const text of [
      'Failures by cause',
      'the smallest case found',
      'relative RMS',
      'at each time step',
      't across',
    ])
      expect(page).toContain(text);
    expect(page).toContain('class="l5"');
    expect(page).toContain('exponentials of differences of log a');
    expect(page).toMatch(/<a href="#failure-0"><b class="fail">FAIL/);
    expect(page).toContain('id="failure-0"');
  });

  it.each([
    ['PASS: 1 of 1 rows right', true, 'pass'],
    ['FAIL: 0 of 1 rows right', false, 'fail'],
    ['UNCHECKED: 0 of 1 rows right', false, 'fail'],
    ['NOTHING was compared: no row on offer is of this shard', true, 'unchecked'],
  ])('has a title that says no more than %s', (verdict, ok, style) => {
    const text = pageOf({ ...report, ok }, { ...said, verdict });
    expect(text).toContain(`<title>${verdict.split(/\W/)[0]}: `);
    expect(text).toContain(`<p class="verdict ${style}">`);
  });

  it('closes every tag that it opens', () => {
    const open: string[] = [];
    for (const [, end, name, own] of page.matchAll(/<(\/?)([a-z]\w*)[^>]*?(\/?)>/g)) {
      if (own === '/' || ['meta'].includes(name!)) continue;
      if (end === '') open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });
});

describe('files of a report, read by Python', () => {
  const folder = mkdtempSync(join(tmpdir(), 'densessm-report-'));
  const python = (...args: string[]) => spawnSync('python3', args, { cwd: folder, encoding: 'utf8' });

  it('are JUnit XML with a test case for each row', () => {
    writeFileSync(join(folder, 'junit.xml'), junitOf(report, said));
    const { stdout, stderr } = python(
      '-c',
      `import json, xml.etree.ElementTree as E
root = E.parse('junit.xml').getroot()
print(json.dumps([[dict(s.attrib) for s in [root, *root.iter('testsuite')]], [[dict(c.attrib), [[x.tag, x.attrib['type'], x.text] for x in c]] for c in root.iter('testcase')]]))`,
    );
    expect(stderr).toBe('');
    const [[suites, suite], cases] = JSON.parse(stdout);
    expect(suites).toMatchObject({ tests: '1', failures: '1', errors: '0', skipped: '0' });
    expect(suite.name).toBe(report.backend);
    expect(cases).toHaveLength(1);
    const [{ classname, name }, [[tag, type, text]]] = cases[0];
    expect([classname, name, tag, type]).toEqual([
      'linearScan',
      'recurrent F64',
      'failure',
      report.rows[0]!.finding!.kind,
    ]);
    expect(text).toContain('the smallest case found');
    // XML has no NUL
    expect(text).toContain(hostile.replace('\u0000', '\ufffd'));
  });

  it('pass a row with right outputs, and say that gradients are not offered', () => {
    const right = { ...report.rows[0]!, finding: null, outputs: 'PASS', gradients: 'UNCHECKED' } as const;
    const rowOf = (more: Partial<CheckRow>): string =>
      junitOf({ ...report, ok: true, rows: [{ ...right, ...more }] }, said)
        .match(/<testsuite (.*) time.*\n(.*)/)!
        .slice(1)
        .join(' ');
    const forward = rowOf({ reason: 'no gradients offered' });
    expect(forward).toContain('tests="1" failures="0" errors="0" skipped="0"');
    expect(forward).toContain('<system-out>no gradients offered</system-out></testcase>');
    expect(rowOf({ gradients: 'PASS' })).toMatch(/"><\/testcase>$/);
  });

  it('fail where the check fails: by a row that was not asked to its end, or by the whole', () => {
    const right = { ...report.rows[0]!, finding: null, outputs: 'PASS', gradients: 'PASS' } as const;
    const of = (more: Partial<CheckRow>, ok = false): string =>
      junitOf({ ...report, ok, rows: [{ ...right, ...more }] }, said).replace(/ time="[^"]*"/g, '');
    const cut = of({ outputs: 'UNCHECKED', reason: 'no time was left' });
    expect(cut).toContain('tests="1" failures="0" errors="1" skipped="0"');
    expect(cut).toContain('<error message="no time was left" type="UNCHECKED"/>');
    const entry = {
      operator: 'linearScan',
      mode: '*',
      dtype: '*',
      tensors: ['out/output'],
      explanation: 'any',
    } as const;
    const accepted = [{ entry: { ...entry, reason: 'later', expires: 'never' }, cases: 1, alike: 0, tensors: [] }];
    expect(of({ outputs: 'UNCHECKED', accepted, notes: ['cut'] })).toMatch(/<error message="[^"]*cut; [^"]*later"/);
    const declined = of({ outputs: 'UNSUPPORTED', gradients: 'UNSUPPORTED', unsupported: 3, reason: 'too large' });
    expect(declined).toContain('tests="2" failures="1" errors="0" skipped="1"');
    expect(declined).toContain(`<testcase classname="check" name="whole"><failure message="${said.verdict}"`);
    expect(of({}, true)).toContain('tests="1" failures="0" errors="0" skipped="0"');
  });

  it('are failing cases, which a script replays with numpy alone', () => {
    const files = savedFiles(report.rows);
    expect(Object.keys(files)).toContain('linearScan-recurrent-F64.safetensors');
    writeFolderWhole(join(folder, 'cases'), files);
    const replayed = python('cases/replay.py', 'cases/linearScan-recurrent-F64.safetensors');
    expect(replayed.stderr).toBe('');
    expect(replayed.stdout).toMatch(/ out\/output: [1-9]\d* of \d+ numbers are wrong/);
    expect(replayed.stdout).toContain(' out/state: 0 of ');
    expect(replayed.status).toBe(1);
    // with a right kernel in its place, nothing is wrong
    mkdirSync(join(folder, 'mended'));
    const right = `def kernel(inputs, cotangents, settings, answer):
    h, rows = inputs['state'], []
    for t in range(inputs['a'].shape[1]):
        h = inputs['a'][:, t] * h + inputs['b'][:, t]
        rows.append(h)
    return {'out/output': np.stack(rows, 1), 'out/state': h}
`;
    const mended = (files['replay.py'] as string).replace(/def kernel(.|\n)*?\n\n/, `${right}\n`);
    writeFileSync(join(folder, 'mended', 'replay.py'), mended);
    const again = python('mended/replay.py', 'cases/linearScan-recurrent-F64.safetensors');
    expect([again.stderr, again.status]).toEqual(['', 0]);
    expect(again.stdout).toContain(' out/output: 0 of ');
  });

  it('are replayed without names of files, and no answer is right that lacks a tensor or has another shape', () => {
    const files = savedFiles(report.rows);
    const script = files['replay.py'] as string;
    const replayed = (name: string, kernel: string, some: Readonly<Record<string, string | Uint8Array>> = files) => {
      const own = script.replace(
        /def kernel(.|\n)*?\n\n/,
        `def kernel(inputs, cotangents, settings, answer):\n    ${kernel}\n\n`,
      );
      writeFolderWhole(join(folder, name), { ...some, 'replay.py': own });
      return python(`${name}/replay.py`);
    };
    expect(replayed('beside', 'return answer')).toMatchObject({ stderr: '', status: 1 });
    const none = replayed('none', 'return answer', {});
    expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('there is no file')]);
    expect(replayed('empty', 'return {}')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('out/state: is missing'),
    });
    const flat = replayed('flat', 'return {k: v[..., None] for k, v in answer.items()}');
    expect(flat).toMatchObject({ stderr: '', status: 1, stdout: expect.stringContaining('out/state: has shape') });
  });

  it.each<[string, number[], Partial<ComparedNumbers>, string, number]>([
    ['bounds that show nothing', [1, 2], {}, 'these bounds cannot tell', 2],
    [
      'NaN without a bound',
      [1, Number.NaN],
      { bounds: Float64Array.of(1e-9, Infinity) },
      'these bounds cannot tell',
      2,
    ],
    ['whole periods', [7, -4], { period: 6 }, 'out/state: 0 of 2', 2],
    ['an error beside whole periods', [7, -4.5], { period: 6 }, 'out/state: 1 of 2', 1],
  ])('are replayed as the check judges: %s', (name, data, more, says, status) => {
    const [row] = report.rows;
    const own = row!.finding!.numbers!.smallest;
    const state: ComparedNumbers = {
      ...{ shape: [2], axes: ['n'], dtype: 'F64' as const, answered: Float64Array.from(data) },
      ...{ expected: Float64Array.of(1, 2), bounds: Float64Array.of(1e-9, 1e-9), ...more },
    };
    const numbers = { ...row!.finding!.numbers!, smallest: { ...own, tensors: { 'out/state': state } } };
    const finding = { ...row!.finding!, kind: 'biased out/state', deviations: [], numbers };
    writeFolderWhole(join(folder, name), savedFiles([{ ...row!, finding, also: [] }]));
    expect(python(`${name}/replay.py`)).toMatchObject({ stderr: '', status, stdout: expect.stringContaining(says) });
  });
});
