/**
 * @file Finds the commands in the documents. The tests run blocks that open with ```sh. They only check the syntax of ```sh slow,
 * to be run before a change lands, and ```sh gpu, which needs a GPU. `tsx test/docs/documented.ts slow` lists the commands of a tag.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../support/root.ts';

/** The tag of a block; `quick` if it has none. */
export type Tag = 'quick' | 'slow' | 'gpu';

/** One command of a block. */
export interface Documented {
  readonly file: string;
  readonly tag: Tag;
  readonly command: string;
}

/** The folders whose pages are documents. Every README.md in `src` is a document too. */
const folders = ['.', 'docs', 'spec', 'examples', 'adapters/python', 'test', 'test/vectors'];

/** Every Markdown page of the project. */
export const documents = (): string[] => [
  ...folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)))
    .filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('README.md'))
    .map((name) => join('src', name)),
];

/** Every documented command, in order. Throws on an unknown tag. */
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

/** Every program in the documents: a block that opens with ```ts or ```python. */
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
