import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';

const scratch = mkdtempSync(join(tmpdir(), 'densessm-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', [...author, ...args], { cwd: folder, encoding: 'utf8' }).trim();

/** Creates a repository with a commit older than the rule, then one commit for each subject. */
function repository(...subjects: string[]): { folder: string; base: string } {
  const folder = mkdtempSync(join(scratch, 'repository-'));
  git(folder, 'init', '--quiet', '--initial-branch=main');
  git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'Before the rule.');
  const base = git(folder, 'rev-parse', 'HEAD');
  for (const subject of subjects) git(folder, 'commit', '--quiet', '--allow-empty', '-m', subject);
  return { folder, base };
}

function check(folder: string, base: string): { status: number | null; said: string[] } {
  const env = { ...process.env, BASE: base, GIT_CEILING_DIRECTORIES: scratch };
  const { status, stdout } = spawnSync(join(root, '.ci/commits'), { cwd: folder, env, encoding: 'utf8' });
  return { status, said: stdout.trimEnd().split('\n') };
}

const long = `docs: ${'x'.repeat(67)}`;

const hasGit = spawnSync('git', ['--version']).status === 0;
if (!hasGit) console.log('test/ci/commits.test.ts: not run (no git)');

describe.runIf(hasGit)('the check of commit subjects', () => {
  it('accepts subjects of the form `room: what`, and any subject before the rule', () => {
    const { folder, base } = repository('gpu: put stages into folders', 'spec, docs: name Eq. 9', 'oracle: β ≤ α');
    expect(check(folder, base)).toEqual({ status: 0, said: [`3 subjects since ${base} checked, 0 wrong`] });
  });

  it.each([
    ['Fix things', "write 'room: what'"],
    ['Docs: fix things', "write 'room: what'"],
    ['docs:fix things', "write 'room: what'"],
    ['docs: ', "write 'room: what'"],
    ['the whole house: fix things', "write 'room: what'"],
    [long, '73 characters; write at most 72'],
  ])('refuses %s', (subject, reason) => {
    const { folder, base } = repository(subject);
    const { status, said } = check(folder, base);
    expect(status).toBe(1);
    expect(said[0]).toContain(`'${subject.trim()}'`);
    expect(said[0]).toContain(reason);
    expect(said[1]).toBe(`1 subjects since ${base} checked, 1 wrong`);
  });

  it('ignores merge commits', () => {
    const { folder, base } = repository('docs: one');
    git(folder, 'checkout', '--quiet', '-b', 'side', base);
    git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'docs: two');
    git(folder, 'merge', '--quiet', '--no-ff', '-m', "Merge branch 'main' into side", 'main');
    expect(check(folder, base)).toEqual({ status: 0, said: [`2 subjects since ${base} checked, 0 wrong`] });
  });

  it('checks the commits of a shallow clone, and says so', () => {
    const { folder, base } = repository('docs: one', 'two', 'docs: three');
    const clone = (depth: number): string => {
      const to = join(scratch, `shallow-${depth}`);
      git(scratch, 'clone', '--quiet', `--depth=${depth}`, `file://${folder}`, to);
      return to;
    };
    expect(check(clone(1), base)).toEqual({ status: 0, said: ['1 subjects of this shallow clone checked, 0 wrong'] });
    expect(check(clone(2), base).status).toBe(1);
    expect(check(clone(4), base).said.at(-1)).toBe(`3 subjects since ${base} checked, 1 wrong`);
  });

  it('prints a reason if it cannot check', () => {
    const { folder } = repository('Whatever');
    const absent = '0123456789012345678901234567890123456789';
    expect(check(folder, absent)).toEqual({
      status: 0,
      said: [`commit ${absent}, at which the rule began, is not in this history: no subject was checked`],
    });
    expect(check(mkdtempSync(join(scratch, 'none-')), absent).said).toEqual([
      'no git repository here: no subject was checked',
    ]);
  });
});
