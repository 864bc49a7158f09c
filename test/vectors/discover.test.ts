import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/tensor/errors.ts';
import { checkVectors, type Report } from '../../src/vectors/check.ts';
import { bytesOf, inTemporaryFolder, manifestOf, toyAdapters, toyCase, writeFamily } from '../support/toy-vectors.ts';

const cases = [toyCase('a'), toyCase('b')];
const check = (...folders: string[]): Report => checkVectors(folders, { adapters: toyAdapters });
const names = ({ cases: done }: Report): string[] => done.map(({ name }) => name);
const trouble = ({ problems, cases: done }: Report): string[] => [...problems, ...done.flatMap((one) => one.problems)];

describe('vectors are found', () => {
  it('in a root of families, in a family, and below either', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', cases);
      writeFamily(join(root, 'more/deep'), 'other', [toyCase('c')]);
      writeFileSync(join(root, 'README.md'), 'text');
      expect(names(check(root))).toEqual(['c', 'a', 'b']);
      expect(names(check(family))).toEqual(['a', 'b']);
    }));

  it('without a manifest, by the metadata of the files', () =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'toy', cases, null);
      expect(check(root)).toMatchObject({ ok: true, cases: [{ family: 'toy', name: 'a', status: 'passed' }, {}] });
    }));

  it('once, even if their folder is given or linked several times', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', cases);
      symlinkSync(root, join(family, 'loop'));
      expect(names(check(family, root, `${root}/`, root))).toEqual(['a', 'b']);
    }));

  it('not in hidden folders', () =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'toy', cases);
      writeFamily(root, '.hidden', cases);
      expect(names(check(root))).toEqual(['a', 'b']);
    }));
});

describe('one clear error', () => {
  it('is thrown for no folder, a missing folder, a file, and a folder without vectors', () =>
    inTemporaryFolder((root) => {
      const file = join(root, 'notes.txt');
      writeFileSync(file, '');
      mkdirSync(join(root, 'empty'));
      const family = writeFamily(join(root, 'good'), 'toy', cases);
      for (const [folders, message] of [
        [[], 'no folder is given'],
        [[join(root, 'missing')], 'does not exist; check the path'],
        [[file], 'is not a folder'],
        [[join(root, 'empty')], 'holds no manifest.json and no *.safetensors'],
        [[family, join(root, 'empty')], 'holds no manifest.json and no *.safetensors'],
      ] as const) {
        expect(() => check(...folders)).toThrow(InputError);
        expect(() => check(...folders)).toThrow(message);
      }
    }));

  it('names a missing file without the control characters of the manifest', () =>
    inTemporaryFolder((root) => {
      const manifest = manifestOf('toy', cases);
      const odd = { name: '\u001b[2Jb\u0008', file: `${'\u0008'.repeat(9)}b.safetensors` };
      writeFamily(root, 'toy', cases, { ...manifest, cases: [manifest.cases[0], { ...manifest.cases[1], ...odd }] });
      expect(check(root).problems[0]).toMatch(/: case b is in b\.safetensors, which is missing; add the file$/);
    }));

  const good = manifestOf('toy', cases);
  const withCase = (change: object) => ({ ...good, cases: [{ ...good.cases[0], ...change }, good.cases[1]] });
  it.each<[message: string, manifest: unknown]>([
    ['is not a JSON object', []],
    ['family is missing', { cases: [] }],
    ['family is 7', { ...good, family: 7 }],
    ['cases is {}', { ...good, cases: {} }],
    ['n_cases is 3, but 2 cases are listed', { ...good, n_cases: 3 }],
    ['cases[0] is null', { ...good, cases: [null, null] }],
    ['cases[0].name is missing', withCase({ name: undefined })],
    ['cases[0].file is "../a.safetensors"', withCase({ file: '../a.safetensors' })],
    ['cases[0].file is "a.txt"', withCase({ file: 'a.txt' })],
    ['cases[0].bytes is "1"', withCase({ bytes: '1' })],
    ['cases[0].sha256 is "00"', withCase({ sha256: '00' })],
    ['cases[0].config is []', withCase({ config: [] })],
    ['cases[0].tensors is missing', withCase({ tensors: undefined })],
    ['cases[0].tensors[0] is {"name":"x"}', withCase({ tensors: [{ name: 'x' }] })],
    [
      'cases[0].tensors[0] is {"name":"x","dtype":"F64","shape":[-1]}',
      withCase({ tensors: [{ name: 'x', dtype: 'F64', shape: [-1] }] }),
    ],
    [
      'the tensor "in/x" is listed twice',
      withCase({ tensors: [good.cases[0]!.tensors[0], good.cases[0]!.tensors[0]] }),
    ],
    ['the case name "b" is listed twice', withCase({ name: 'b' })],
    ['the file "b.safetensors" is listed twice', withCase({ file: 'b.safetensors' })],
    ['lists no cases', { family: 'toy', cases: [] }],
  ])('is reported for a manifest: %s', (message, manifest) =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'toy', message === 'lists no cases' ? [] : cases, manifest);
      const report = check(root);
      expect(report.ok).toBe(false);
      expect(trouble(report)).toEqual([expect.stringContaining(message)]);
      expect(trouble(report)[0]).toContain('manifest.json');
    }),
  );

  it('is reported for a manifest that is not JSON, and its files are still checked', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', cases);
      writeFileSync(join(family, 'manifest.json'), '{"family": "toy",');
      const report = check(root);
      expect(report).toMatchObject({ ok: false, problems: [expect.stringContaining('is not JSON')] });
      expect(report.cases.map(({ status }) => status)).toEqual(['passed', 'passed']);
    }));
});

describe('a disagreement with the manifest', () => {
  it('fails if a listed file is missing, and if a file is not listed', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', cases);
      rmSync(join(family, 'b.safetensors'));
      writeFileSync(join(family, 'c.safetensors'), bytesOf('toy', toyCase('c')));
      const report = check(root);
      expect(report.ok).toBe(false);
      expect(report.problems).toEqual([
        expect.stringContaining('case b is in b.safetensors, which is missing'),
        expect.stringContaining('c.safetensors: is not listed in manifest.json'),
      ]);
      expect(report.cases.map(({ name, status }) => [name, status])).toEqual([
        ['a', 'passed'],
        ['c', 'passed'],
      ]);
    }));

  const good = manifestOf('toy', cases);
  const [first, ...rest] = good.cases[0]!.tensors;
  it.each<[message: string, change: object]>([
    ['lacks tensor "out/z"', { tensors: [first, ...rest, { name: 'out/z', dtype: 'F64', shape: [] }] }],
    ['has tensor "in/x", which manifest.json does not list', { tensors: rest }],
    ['tensor "in/x" is F64 [3], manifest.json says F64 [4]', { tensors: [{ ...first, shape: [4] }, ...rest] }],
    ['tensor "in/x" is F64 [3], manifest.json says F32 [3]', { tensors: [{ ...first, dtype: 'F32' }, ...rest] }],
    [`manifest.json says ${'F'.repeat(40)}… [3]`, { tensors: [{ ...first, dtype: 'F'.repeat(100_000) }, ...rest] }],
    ['manifest.json says case "z", the file "a"', { name: 'z' }],
    ['the config in manifest.json differs', { config: { kind: 'double', heads: 2 } }],
    ['has sha256', { sha256: '0'.repeat(64) }],
    ['bytes, manifest.json says 7: it was cut off or changed', { bytes: 7 }],
  ])('fails: %s', (message, change) =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'toy', cases, { ...good, cases: [{ ...good.cases[0], ...change }, good.cases[1]] });
      const report = check(root);
      expect(report.cases.map(({ status }) => status)).toEqual(['failed', 'passed']);
      expect(trouble(report)).toEqual([expect.stringContaining(message)]);
    }),
  );

  it('fails if the family differs', () =>
    inTemporaryFolder((root) => {
      writeFamily(root, 'toy', cases, { ...good, family: 'toys' });
      const message = expect.stringContaining('manifest.json says family "toys", the file "toy"');
      expect(trouble(check(root))).toEqual([message, message]);
    }));
});

describe('a damaged file', () => {
  const bytes = bytesOf('toy', toyCase('a'));

  it.each<[what: string, message: string, damaged: Uint8Array]>([
    ['cut off', 'cut off', bytes.slice(0, -9)],
    ['with bytes added', '9 bytes follow the last tensor', Uint8Array.of(...bytes, ...new Array(9).fill(0))],
    ['announcing too much', 'announces a header of', bytes.with(5, 1)],
    ['empty', '0 bytes are no safetensors file', new Uint8Array()],
  ])('%s gives one failure, with and without a manifest', (_, message, damaged) =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', cases);
      writeFileSync(join(family, 'a.safetensors'), damaged);
      for (const hasManifest of [true, false]) {
        if (!hasManifest) rmSync(join(family, 'manifest.json'));
        const report = check(root);
        expect(report.cases.map(({ status }) => status)).toEqual(['failed', 'passed']);
        expect(trouble(report)).toEqual([expect.stringContaining(message)]);
        expect(trouble(report)[0]).toMatch(/^.*a\.safetensors: [^\n]+$/);
      }
    }),
  );

  it('with changed numbers is found by its digest', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'toy', cases);
      writeFileSync(join(family, 'a.safetensors'), bytes.with(bytes.length - 1, 1));
      expect(trouble(check(root))).toEqual([expect.stringContaining('it was changed or damaged')]);
    }));

  it('that is a folder or a broken link gives one failure', () =>
    inTemporaryFolder((root) => {
      mkdirSync(join(root, 'a.safetensors'));
      symlinkSync(join(root, 'nowhere'), join(root, 'b.safetensors'));
      expect(trouble(check(root))).toEqual([
        expect.stringContaining('a.safetensors: is not a regular file'),
        expect.stringContaining('b.safetensors: does not exist'),
      ]);
    }));

  it('fails the check even if its family is not covered', () =>
    inTemporaryFolder((root) => {
      const family = writeFamily(root, 'other', cases);
      expect(trouble(check(root))).toEqual([]);
      writeFileSync(join(family, 'a.safetensors'), bytes.slice(0, -9));
      expect(trouble(check(root))).not.toEqual([]);
    }));

  it.each([
    ['family', 'has no family in its __metadata__'],
    ['config', 'has no config in its __metadata__'],
  ])('without a manifest needs its %s', (field, message) =>
    inTemporaryFolder((root) => {
      const text = new TextDecoder('latin1').decode(bytes).replace(`"${field}"`, `"${'x'.repeat(field.length)}"`);
      writeFileSync(join(root, 'a.safetensors'), text, 'latin1');
      expect(trouble(check(root))).toEqual([expect.stringContaining(message)]);
    }),
  );
});
