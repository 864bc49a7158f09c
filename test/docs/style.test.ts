import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';

const page = 'docs/style.md';
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const isText = (file: string): boolean => /\.(ts|js|md|py|html)$/.test(file);

/** The project's text files. The page itself is excluded because it names the refused words. */
const files = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['adapters', 'bench', 'docs', 'examples', 'site', 'spec', 'src', 'test', 'tools']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .filter((file) => isText(file) && !file.includes('node_modules')),
].filter((file) => file !== page);

/** The text after `@file` in a header at the top of a file. */
const headerOf = (text: string): string | undefined =>
  text.match(/^(?:#!.*\n)?\/\*\*[\s*]*@file\s+([\s\S]*?)\s*\*\//)?.[1];

const isCleft = (header: string): boolean => /^(what|how|whether|why|which|where|who)\b/i.test(header);

/** The words in `code` of the second column of the page's last table. */
const refusedIn = (text: string): string[] =>
  text
    .slice(text.indexOf('## Words'))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => [...line.split('|')[2]!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!));

/** Builds a pattern that finds whole words, also across the line breaks of a comment. */
const finder = (words: readonly string[]): RegExp =>
  new RegExp(`\\b(?:${words.map((word) => word.replaceAll(' ', '[\\s*/#]+')).join('|')})\\b`, 'gi');

describe('the style of docs/style.md', () => {
  const refused = finder(refusedIn(read(page)));
  const sources = files.filter((file) => /^(src|spec|bench|site|test|tools)\/.*\.ts$/.test(file));

  it('requires a header in every source file except tests', () => {
    const without = sources.filter((file) => !file.endsWith('.test.ts') && headerOf(read(file)) === undefined);
    expect(without).toEqual([]);
  });

  it('refuses headers that begin with a question word', () => {
    const cleft = sources.flatMap((file) => {
      const header = headerOf(read(file)) ?? '';
      return isCleft(header) ? [`${file}: ${header}`] : [];
    });
    expect(cleft).toEqual([]);
  });

  it('refuses the words of its table', () => {
    const found = files.flatMap((file) => [...read(file).matchAll(refused)].map(([word]) => `${file}: ${word}`));
    expect(found).toEqual([]);
  });

  it('is checked strictly enough to fail', () => {
    expect(isCleft(headerOf('/**\n * @file What is said.\n */')!)).toBe(true);
    expect(headerOf('import a;\n/** @file Late. */')).toBeUndefined();
    expect(refusedIn(read(page)).length).toBeGreaterThan(10);
    expect(' * summed in any\n * association'.match(refused)).toHaveLength(1);
  });
});
