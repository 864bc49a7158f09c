import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatSafetensors, parseWhole, type StoredTensor } from '../../../src/io/safetensors.ts';
import { roundedUp } from '../../../src/oracle/frozen/accepted.ts';
import { fileOf } from '../../../src/oracle/frozen/files.ts';
import { judgeFrozen } from '../../../src/oracle/frozen/judge.ts';
import { presets } from '../../../src/oracle/frozen/presets.ts';
import type { Report } from '../../../src/vectors/check.ts';
import { checkFrozen } from '../../../src/vectors/frozen/folder.ts';
import { casesOf, sha256, writeCases } from './support.ts';

describe('a check of written vectors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frozen-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const few = { candidates: 2, most: 100, cases: 1 };
  const cases = [
    ...casesOf({ ...presets.nano, ...few, modesOf: () => ['recurrent'] }, 'linearScan', 'mamba3'),
    ...casesOf({ ...presets.full, ...few, dtypesOf: () => ['BF16'], modesOf: () => ['chunkwise/padded'] }, 'retention'),
  ];
  const vectors = join(folder, 'vectors');
  writeCases(vectors, cases);
  const scan = join(vectors, 'linearScan-recurrent-F32-1.safetensors');
  const manifest = join(vectors, 'manifest.json');

  /** Checks the folder with a file changed, which is then as before. */
  function changed(path: string, change: (bytes: Buffer) => Uint8Array | string | null): Report {
    const before = [path, manifest].map((name) => [name, readFileSync(name)] as const);
    const content = change(readFileSync(path));
    if (content === null) rmSync(path);
    else writeFileSync(path, content);
    try {
      return checkFrozen(vectors, judgeFrozen);
    } finally {
      for (const [name, bytes] of before) writeFileSync(name, bytes);
    }
  }

  /** Changes a tensor of a file, and the hash in the manifest with it. */
  const withTensor = (name: string, change: (x: StoredTensor) => StoredTensor | null, file = scan): Report =>
    changed(file, (bytes) => {
      const { tensors, metadata } = parseWhole(bytes, file);
      const all = new Map(tensors);
      const one = change(all.get(name)!);
      if (one === null) all.delete(name);
      else all.set(name, one);
      const written = formatSafetensors(all, metadata);
      const listed = readFileSync(manifest, 'utf8').replace(sha256(bytes), sha256(written));
      writeFileSync(manifest, listed.replace(`"bytes":${bytes.length}`, `"bytes":${written.length}`));
      return written;
    });
  const failedIn = ({ cases }: Report): string[] =>
    cases.flatMap(({ tensors }) => tensors.filter(({ status }) => status === 'failed').map(({ name }) => name));
  const problemsOf = ({ cases, problems }: Report): string[] => [...problems, ...cases.flatMap((one) => one.problems)];

  it('finds all of them right', () => {
    const report = checkFrozen(vectors, judgeFrozen);
    expect([failedIn(report), problemsOf(report), report.ok]).toEqual([[], [], true]);
    expect(report.cases.map(({ tensors }) => tensors.length)).toEqual(
      cases.map(({ accepted }) => Object.keys(accepted.tensors).length),
    );
  });

  it('finds one wrong number, and one wrong bound', () => {
    const at = (x: StoredTensor, f: (number: number) => number): StoredTensor => ({
      ...x,
      data: x.data.with(3, f(x.data[3]!)),
    });
    const wrong = withTensor('right/grad/a', (x) => at(x, (number) => number * (1 + 1e-12) + 1e-12));
    expect([failedIn(wrong), wrong.ok]).toEqual([['grad/a'], false]);
    const loose = withTensor('bound/grad/a', (x) => at(x, (number) => number * 1.1 + 1e-9));
    expect([failedIn(loose), loose.ok]).toEqual([['grad/a'], false]);
    const zeros = withTensor('in/b', (x) => ({ ...x, data: x.data.map(() => 0) }));
    expect(failedIn(zeros)).toContain('out/output');
  });

  it('compares shapes, though file and manifest agree', () => {
    const { entry } = fileOf(cases.find(({ operator }) => operator.name === 'linearScan')!, 1, sha256);
    const flat = (shape: readonly number[]): number[] => [shape.reduce((a, b) => a * b, 1)];
    const { tensors } = parseWhole(readFileSync(scan), scan);
    const moved = [...tensors].map(([name, x]): [string, StoredTensor] =>
      name.endsWith('/out/output') ? [name, { ...x, shape: flat(x.shape) }] : [name, x],
    );
    const listed = entry.tensors.map((one) => (one.name === 'out/output' ? { ...one, shape: flat(one.shape) } : one));
    const odd = judgeFrozen({ ...entry, tensors: listed }, new Map(moved)).filter(({ status }) => status === 'failed');
    expect(odd).toEqual([
      expect.objectContaining({ name: 'out/output', reason: expect.stringMatching(/^has shape .*, not /) }),
    ]);
  });

  it('compares batches and inputs with what the case is', () => {
    const padded = join(vectors, 'retention-chunkwise-padded-BF16-1.safetensors');
    const moved = withTensor('in/mask', (x) => ({ ...x, data: x.data.map((is) => 1 - is) }), padded);
    expect(problemsOf(moved)).toEqual([expect.stringMatching(/in\/mask has other numbers than its settings say/)]);
    expect(problemsOf(withTensor('in/mask', () => null, padded))).toEqual([expect.stringContaining('lacks in/mask')]);
    const wider = withTensor('in/a', (x) => ({ ...x, dtype: 'F64' }));
    expect(problemsOf(wider)).toEqual([expect.stringContaining('in/a is of type F64, not F32')]);
  });

  it.each<[string, string | RegExp, string, RegExp]>([
    ['other types', '"types":["F32"]', '"types":["F16","F32","I64"]', /is F16 or F32 or I64 in the manifest, not F32/],
    ['a period', /("name":"out[^}]*"shape":\[[^\]]*\])/, '$1,"period":1e-9', /F32 with period 1e-9 in the manifest/],
    ['a fault that is none', /"catches":\[/, '"catches":["everything",', /catches everything, which it does not/],
    ['other equations', '"equations":[]', '"equations":[99]', /says equations \[99\], densessm \[\]/],
    ['another definition', '"definition":"', '"definition":"other-', /says definition "other-.*, densessm "/],
    ['other profiles', /"profiles":\[/, '"profiles":["none",', /says profiles \["none".*densessm/],
  ])('finds %s in the manifest', (_what, from, to, says) => {
    const report = changed(manifest, (bytes) => {
      expect(`${bytes}`).toMatch(from);
      return `${bytes}`.replace(from, to);
    });
    expect(report.ok).toBe(false);
    const reasons = report.cases.flatMap(({ tensors }) => tensors.flatMap(({ reason }) => reason ?? []));
    expect([...problemsOf(report), ...reasons].join('\n')).toMatch(says);
  });

  it.each<[string, string, (bytes: Buffer) => Uint8Array | string | null, RegExp]>([
    ['a flipped byte', scan, (bytes) => bytes.fill(1, bytes.length - 1), /has sha256/],
    ['a file that is cut off', scan, (bytes) => bytes.subarray(0, -1), /it was cut off or changed/],
    ['a missing file', scan, () => null, /does not exist/],
    ['an empty manifest', manifest, () => '', /is not JSON/],
    ['a manifest that is cut off', manifest, (bytes) => bytes.subarray(0, -9), /is not JSON/],
    ['another operator', manifest, (bytes) => `${bytes}`.replace('"linearScan"', '"gate"'), /says operator "gate"/],
    ['an unknown mode', manifest, (bytes) => `${bytes}`.replace('"recurrent"', '"other"'), /says mode "other"/],
    ['other settings', manifest, (bytes) => `${bytes}`.replace('"settings":{}', '"settings":{"a":1}'), /settings in/],
    ['a tensor less', manifest, (bytes) => `${bytes}`.replace('out/output', 'out/outputs'), /does not list/],
    ['a field of another type', manifest, (bytes) => `${bytes}`.replace(/"seed":\d+/, '"seed":"1"'), /seed is "1"/],
    ['a field too many', manifest, (bytes) => `${bytes}`.replace('"seed"', '"seeds":1,"seed"'), /"seeds"/],
    ['a file elsewhere', manifest, (bytes) => `${bytes}`.replace('"linearScan-', '"../linearScan-'), /same folder/],
    ['a later version', manifest, (bytes) => `${bytes}`.replace('"version":1', '"version":2'), /reads version 1/],
  ])('says in one line that there is %s', (_what, path, change, says) => {
    const report = changed(path, change);
    expect(report.ok).toBe(false);
    expect(problemsOf(report)).toHaveLength(1);
    expect(problemsOf(report)[0]).toMatch(says);
  });

  it('says that a file is not listed', () => {
    const more = join(vectors, 'more.safetensors');
    writeFileSync(more, '');
    const report = checkFrozen(vectors, judgeFrozen);
    rmSync(more);
    expect([report.ok, problemsOf(report)]).toEqual([false, [expect.stringContaining('is not listed')]]);
  });
});

describe('a bound that is stored', () => {
  it.each([
    [0, 0],
    [1, 1],
    [1 + 2 ** -20, 1 + 2 ** -7],
    [2 ** -60 * (2 - 2 ** -30), 2 ** -59],
    [1e-300, 2 ** -133],
    [1e39, Number.POSITIVE_INFINITY],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('is %s rounded up: %s', (bound, stored) => {
    expect(roundedUp(bound)).toBe(stored);
  });
});
