/**
 * @file Parts of pages that are made: what stands between `<!-- kind: name -->` and `<!-- end -->`. The tests make them again and compare;
 * `npx tsx test/docs/blocks.ts` writes them after a change, of all pages or of those named.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tellApart } from '../../src/oracle/readings/apart.ts';
import { blockOf } from '../../src/oracle/readings/block.ts';
import { questions } from '../../src/oracle/readings/questions.ts';
import { root } from './documented.ts';

const marked = /^(<!-- (\w+): (.+) -->)\n([\s\S]*?)^<!-- end -->$/gm;

/** A made part of a page. */
export interface Block {
  /** What makes it. */
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

/** The made parts of a page, in order. */
export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(marked)].map(([, , kind, name, text]) => ({ kind: kind!, name: name!, text: text! }));

/** The lines that a page shows of what a program printed. */
const fenced = (lines: readonly string[]): string => `\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n`;

/** What makes the parts of each kind. Throws on what it cannot make. */
const makers: Readonly<Record<string, (name: string) => Promise<string>>> = {
  /** The smallest case for a question about readings. */
  async case(name) {
    const question = questions.find((one) => one.name === name);
    if (question === undefined) throw new Error(`there is no question '${name}' in src/oracle/readings/questions.ts`);
    const apart = await tellApart(question);
    if (apart === null) throw new Error(`no case tells ${question.between.join(' and ')} of ${name} apart`);
    return fenced(blockOf(apart));
  },
  /** What a command of densessm prints. */
  async output(args) {
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
    const command = ['--import', 'tsx', 'src/cli/main.ts', ...args.split(' ')];
    const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`densessm ${args}: ${stderr}`);
    return fenced(stdout.trimEnd().split('\n'));
  },
};

/** A part, made again. */
export function made({ kind, name }: Pick<Block, 'kind' | 'name'>): Promise<string> {
  const make = makers[kind];
  if (make === undefined) throw new Error(`a part of kind '${kind}' is asked for; there are ${Object.keys(makers)}`);
  return make(name);
}

/** The pages with made parts. */
export const pages = ['docs/readings.md', 'docs/degradation.md'] as const;

/** A page as it is. */
export const pageText = (file: (typeof pages)[number]): string => readFileSync(join(root, file), 'utf8');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2);
  for (const file of pages.filter((one) => asked.length === 0 || asked.includes(one))) {
    const page = pageText(file);
    const texts: string[] = [];
    for (const block of blocksOf(page)) texts.push(await made(block));
    writeFileSync(
      join(root, file),
      page.replace(marked, (_, open: string) => `${open}\n${texts.shift()}<!-- end -->`),
    );
  }
}
