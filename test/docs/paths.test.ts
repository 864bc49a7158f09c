import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';
import { documents } from './documented.ts';
import { anchorOf } from './markdown.ts';

const folders = ['.ci', '.github', 'adapters', 'bench', 'docs', 'examples', 'spec', 'src', 'test'];

/** Every file and folder of the project's own, and those at its root. */
const files = [
  ...readdirSync(root),
  ...folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    ),
];

const anchorsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

/** The page without its blocks, in which nothing is a link. */
const proseOf = (file: string): string => readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');

/** Links to what is not there. */
function brokenLinks(file: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path, anchor] = target.split('#') as [string, string?];
      const to = path === '' ? file : normalize(join(dirname(file), path));
      if (!existsSync(join(root, to))) return true;
      return anchor !== undefined && !anchorsOf(to).includes(anchor);
    });
}

/**
 * Paths in `code` that are not there. Words in capitals stand for a name of the reader's, `{a,b}` for several and `*` for any;
 * a path may leave out the folders that it begins with.
 */
function missingPaths(text: string): string[] {
  return [...text.matchAll(/`([^`\s]+)`/g)]
    .map(([, code]) => code!)
    .filter((code) => /^[.\w*{},-]+(\/[.\w*{},-]+)+\/?$/.test(code))
    .filter(
      (code) => /\.(ts|md|py|json|sh|yml|html)$/.test(code) || folders.some((folder) => code.startsWith(`${folder}/`)),
    )
    .flatMap((code) => {
      const several = /^(.*)\{(.*)\}(.*)$/.exec(code);
      return several === null ? [code] : several[2]!.split(',').map((one) => `${several[1]}${one}${several[3]}`);
    })
    .filter((path) => {
      const pattern = path
        .replace(/\/$/, '')
        .replaceAll('.', '\\.')
        .replace(/\*|\b[A-Z]{2,}\b/g, '[^/]+');
      const there = new RegExp(`(^|/)${pattern}$`);
      return !files.some((file) => there.test(file));
    });
}

describe.each(documents())('%s', (file) => {
  it('links to what is there', () => {
    expect(brokenLinks(file, proseOf(file))).toEqual([]);
  });

  it('names files that are there', () => {
    expect(missingPaths(proseOf(file))).toEqual([]);
  });
});

describe('these checks', () => {
  it('find what is not there', () => {
    expect(
      brokenLinks('docs/x.md', '[a](nowhere.md) [b](../README.md) [c](../README.md#nowhere) [d](https://a.b)'),
    ).toEqual(['nowhere.md', '../README.md#nowhere']);
    expect(
      missingPaths('`src/nowhere.ts` `src/nn/` `tensor/value.ts` `src/{nn,nowhere}/index.ts` `test/docs/*.test.ts`'),
    ).toEqual(['src/nowhere.ts', 'src/nowhere/index.ts']);
    expect(missingPaths('`src/tensor/primitives/NAME.ts` `src/nowhere/NAME.ts` `a/b`')).toEqual([
      'src/nowhere/NAME.ts',
    ]);
  });
});
