/**
 * @file The commands in the documents. A block opened by ```sh is run by the tests, ```sh slow before a change lands,
 * ```sh gpu on a machine that has one: there its form alone is checked. `tsx test/docs/documented.ts slow` lists a kind.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../support/root.ts';

/** How a block is tagged. */
export type Tag = 'quick' | 'slow' | 'gpu';

/** One line of a block. */
export interface Documented {
  readonly file: string;
  readonly tag: Tag;
  readonly command: string;
}

/** The folders whose pages are documents; README.md of any folder of `src` is one as well. */
const folders = ['.', 'docs', 'spec', 'examples', 'adapters/python', 'test', 'test/vectors'];

/** Every page of the project that is Markdown. */
export const documents = (): string[] => [
  ...folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
    .filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('README.md'))
    .map((name) => join('src', name)),
];

/** Every documented command, in order. Throws on a tag that does not exist. */
export function documented(): Documented[] {
  return documents().flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return [...text.matchAll(/^```sh(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, words, block]) => {
      const tag = words!.trim() === '' ? 'quick' : words!.trim();
      if (tag !== 'quick' && tag !== 'slow' && tag !== 'gpu')
        throw new Error(`${file}: a block is tagged '${tag}'; use slow or gpu`);
      return block!
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith('#'))
        .map((command): Documented => ({ file, tag, command }));
    });
  });
}

/** Every program in the documents: a block opened by ```ts or ```python. */
export const programs = (): { file: string; program: string }[] =>
  documents().flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^```(?:ts|python)\n([\s\S]*?)^```$/gm)].map(([, program]) => ({
      file,
      program: program!,
    })),
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const commands = documented().filter(({ tag }) => tag === process.argv[2]);
  for (const command of new Set(commands.map((one) => one.command))) console.log(command);
}
