import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';
import { documents } from './documented.ts';
import { anchorOf } from './markdown.ts';

const folders = ['.ci', '.github', 'adapters', 'bench', 'docs', 'examples', 'spec', 'src', 'test'];

/** Every file and folder of the project's folders and of its root. */
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

/** The page without its code blocks, which have no links. */
const proseOf = (file: string): string => readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');

/** Links to missing files or headings. */
function brokenLinks(file: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [place, anchor] = target.split('#') as [string, string?];
      // a query sets the state of a lab
      const path = place.split('?')[0]!;
      const to = path === '' ? file : normalize(join(dirname(file), path));
      if (!existsSync(join(root, to))) return true;
      return anchor !== undefined && !anchorsOf(to).includes(anchor);
    });
}

/**
 * Paths in `code` that do not exist. A word in capitals or `*` stands for any name, and `{a,b}` for several names. A path may omit
 * its leading folders.
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
  it('links to existing files and headings', () => {
    expect(brokenLinks(file, proseOf(file))).toEqual([]);
  });

  it('names existing files', () => {
    expect(missingPaths(proseOf(file))).toEqual([]);
  });
});

describe('these checks', () => {
  it('find missing files and headings', () => {
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
