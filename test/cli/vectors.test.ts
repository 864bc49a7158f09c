import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';
import { densessmHere } from './run.ts';

/** A manifest that is to be damaged. */
type Manifest = Record<string, unknown> & { cases: Record<string, unknown>[] };

describe('densessm vectors write', () => {
  const folder = mkdtempSync(join(tmpdir(), 'densessm-vectors-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const write = (name: string, ...args: string[]) => densessmHere('vectors', 'write', at(name), ...args);
  const two = ['--operator', 'gate', 'linearScan'];
  const bytesIn = (name: string): Record<string, string> =>
    Object.fromEntries(readdirSync(at(name)).map((file) => [file, readFileSync(join(at(name), file), 'hex')]));

  it('writes files that its check finds right: the bytes of the release, each time and in parts', async () => {
    const { status, stdout } = await write('a/b', ...two);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^\S+: \d+ cases of vectors 1\.0\.0, .* known faults/)]);
    const released = readFileSync(join(root, 'adapters/vectors/nano-1.0.0.sha256'), 'utf8');
    for (const [file, hex] of Object.entries(bytesIn('a/b')).filter(([name]) => name.endsWith('.safetensors')))
      expect(released).toContain(`${createHash('sha256').update(hex, 'hex').digest('hex')}  ${file}\n`);
    await write('again', ...two, '--json');
    expect(bytesIn('again')).toEqual(bytesIn('a/b'));
    const parts = ['1/2', '2/2'];
    for (const part of parts) await write(part.replace('/', '-'), ...two, '--shard', part);
    const isCase = ([file]: [string, string]): boolean => file.endsWith('.safetensors');
    const together = parts.flatMap((part) => Object.entries(bytesIn(part.replace('/', '-'))).filter(isCase));
    expect(Object.fromEntries(together)).toEqual(Object.fromEntries(Object.entries(bytesIn('a/b')).filter(isCase)));
    const joined = await densessmHere('merge', at('2-2'), at('1-2'), '--out', at('joined'), '--json');
    expect([joined.status, JSON.parse(joined.stdout).shard]).toEqual([0, '1/1']);
    expect(bytesIn('joined')).toEqual(bytesIn('a/b'));
    expect((await densessmHere('merge', at('2-2'), '--out', at('never'))).stderr).toContain('shard 1 of 2 is missing');
    const cases = Object.keys(Object.fromEntries(together)).length;
    const checked = await densessmHere('vectors', 'check', at('a/b'), 'test/vectors/dense_ssm');
    expect([checked.status, checked.stdout]).toEqual([0, expect.stringContaining(`PASSED: ${cases + 1} cases passed`)]);
    writeFileSync(join(at('a/b'), 'more.safetensors'), '');
    expect((await densessmHere('vectors', 'check', at('a/b'))).status).toBe(1);
  });

  it.each<[string, (one: Manifest, other: Manifest) => void, string]>([
    ['is of another number of shards', (one) => Object.assign(one, { shard: '1/3' }), 'is shard 2 of 2, and'],
    ['comes twice', (one) => Object.assign(one, { shard: '2/2' }), 'is shard 2 of 2, as'],
    ['is of another seed', (one) => Object.assign(one, { seed: 2 }), 'join the shards of one set'],
    ['is of another preset', (one) => Object.assign(one, { preset: 'full' }), 'join the shards of one set'],
    ['is of other vectors', (one) => Object.assign(one, { vectors: '0.9.0' }), 'has vectors 0.9.0'],
    ['is a whole', (one) => Object.assign(one, { shard: '1/1' }), 'is a whole set; there is nothing to join'],
    ['has an unknown row', ({ cases }) => Object.assign(cases[0]!, { mode: 'quick' }), 'no shard has'],
    [
      'has the rows of the other',
      (one, other) => {
        one.shard = '2/2';
        other.shard = '1/2';
      },
      'which is of shard',
    ],
    ['has a row of the other too', ({ cases }, other) => cases.push(other.cases[0]!), 'they are not of one set'],
    [
      'has a damaged file',
      ({ cases }) => Object.assign(cases[0]!, { sha256: '0'.repeat(64) }),
      'was changed or damaged',
    ],
    ['is no manifest', (one) => Object.assign(one, { cases: [] }), 'it is a list of at least one case'],
  ])('is refused in parts to join where one %s', async (_, change, says) => {
    const folders = ['1-2', '2-2'].map((name) => `${name}-changed`);
    for (const name of folders) {
      rmSync(at(name), { recursive: true, force: true });
      cpSync(at(name.slice(0, 3)), at(name), { recursive: true });
    }
    const paths = folders.map((name) => join(at(name), 'manifest.json'));
    const manifests = paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Manifest);
    change(manifests[0]!, manifests[1]!);
    paths.forEach((path, i) => {
      writeFileSync(path, JSON.stringify(manifests[i]));
    });
    const { status, stderr } = await densessmHere('merge', ...folders.map(at), '--out', at('never'));
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(says) });
    expect(readdirSync(folder)).not.toContain('never');
  });

  it.each<[string, string[], string]>([
    ['.', [], 'is not empty; nothing is overwritten'],
    ['', [], 'is not empty'],
    ['new', ['--preset', 'nanno'], 'Did you mean nano?'],
    ['new', ['--operator', 'linearscan'], 'Did you mean linearScan?'],
    ['new', ['--shard', '3/2'], 'It is I/N with I from 1 to N'],
    ['new', ['--operator', 'gate', '--shard', '3/3'], 'has no case, as there are fewer rows'],
    ['new', ['--seed', '0'], 'It must be an integer from 1'],
    ['file/new', ['--operator', 'gate'], 'a file stands in the way'],
  ])('refuses %s %j in one message, and writes nothing', async (name, args, says) => {
    writeFileSync(at('file'), '');
    const { status, stdout, stderr } = await write(name, ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(existsSync(at('new'))).toBe(false);
  });
});
