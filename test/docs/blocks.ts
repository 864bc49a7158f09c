/**
 * @file Generates parts of pages: the text between `<!-- kind: name -->` and `<!-- end -->`. The tests generate them again and compare.
 * `npx tsx test/docs/blocks.ts [PAGE …]` writes them after a change, by default on all pages. Parts that take minutes are only written on
 * pages that are named.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatSafetensors } from '../../src/io/safetensors.ts';
import { frame } from '../../src/oracle/backends/framing.ts';
import { tellApart } from '../../src/oracle/readings/apart.ts';
import { blockOf } from '../../src/oracle/readings/block.ts';
import { questions } from '../../src/oracle/readings/questions.ts';
import { bundled } from '../support/bundled.ts';
import { pythonWith } from '../support/python.ts';
import { root } from '../support/root.ts';
import { documents } from './documented.ts';
import { judgesMakers, rulesMakers } from './judges-blocks.ts';
import { operatorMakers } from './operator-blocks.ts';
import { profileMakers } from './profile-blocks.ts';
import { reportOf } from './report.ts';
import { resultsMakers } from './results-blocks.ts';
import { sharpnessMakers } from './sharpness-blocks.ts';
import { specMakers } from './spec-blocks.ts';
import { weightMakers } from './weight-blocks.ts';

const marked = /^(<!-- (\w+): (.+) -->)\n([\s\S]*?)^<!-- end -->$/gm;

/** A generated part of a page. */
export interface Block {
  /** The name of its maker. */
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

/** The generated parts of a page, in order. */
export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(marked)].map(([, , kind, name, text]) => ({ kind: kind!, name: name!, text: text! }));

/** Formats lines that a program printed as a text block. */
const fenced = (lines: readonly string[]): string => `\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n\n`;

/** Bytes in rows of 16, in hexadecimal and as text. */
const dumpOf = (bytes: Uint8Array): string[] =>
  Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => {
    const some = [...bytes.subarray(16 * row, 16 * row + 16)];
    const text = some.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    return `${some
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(' ')
      .padEnd(47)}  ${text}`.trimEnd();
  });

/** The makers of parts, by kind. A maker throws on an unknown name. */
const makers: Readonly<Record<string, (name: string) => Promise<string>>> = {
  ...specMakers,
  ...operatorMakers,
  ...profileMakers,
  ...weightMakers,
  ...sharpnessMakers,
  ...judgesMakers,
  ...rulesMakers,
  ...resultsMakers,
  /** The smallest case for a question about readings. */
  async case(name) {
    const question = questions.find((one) => one.name === name);
    if (question === undefined) throw new Error(`there is no question '${name}' in src/oracle/readings/questions.ts`);
    const apart = await tellApart(question);
    if (apart === null) throw new Error(`no case tells ${question.between.join(' and ')} of ${name} apart`);
    return fenced(blockOf(apart));
  },
  /** A program, without its header. */
  async example(file) {
    const program = readFileSync(join(root, file), 'utf8').replace(/^\/\*\* @file .*\n/, '');
    return `\n\`\`\`${file.endsWith('.py') ? 'python' : 'ts'}\n${program}\`\`\`\n\n`;
  },
  /** A message of the protocol, byte by byte, with its printable characters. */
  async message(name) {
    const offered = JSON.stringify({ linearScan: { modes: ['recurrent'], dtypes: ['F32'], gradients: false } });
    const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      describe: { message: 'describe', id: '1' },
      description: { message: 'description', id: '1', protocol: '1', name: 'mine', operators: offered },
    };
    const bytes = frame(formatSafetensors(new Map(), new Map(Object.entries(texts[name]!))));
    return fenced(dumpOf(bytes));
  },
  /** The output of a densessm command. */
  async output(args) {
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
    const command = [await bundled('src/cli/main.ts'), ...args.split(' ')];
    const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`densessm ${args}: ${stderr}`);
    return fenced(stdout.trimEnd().split('\n'));
  },
  /** A command that checks a kernel in PyTorch, and its report. */
  async report(args) {
    return fenced(await reportOf(args));
  },
};

/** Generates a part. */
export function made({ kind, name }: Pick<Block, 'kind' | 'name'>): Promise<string> {
  const make = makers[kind];
  if (make === undefined) throw new Error(`a part of kind '${kind}' is asked for; there are ${Object.keys(makers)}`);
  return make(name);
}

/** Whether this machine can generate a part: reports need a Python with PyTorch. */
export const canMake = ({ kind }: Pick<Block, 'kind'>): boolean =>
  kind !== 'report' || pythonWith('numpy', 'torch') !== null;

/** Whether a part takes minutes to generate. */
const isSlow = ({ kind }: Pick<Block, 'kind'>): boolean => kind in sharpnessMakers || kind in judgesMakers;

/** Reads a page. */
export const pageText = (file: string): string => readFileSync(join(root, file), 'utf8');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const asked = process.argv.slice(2);
  for (const file of documents().filter((one) => asked.length === 0 || asked.includes(one))) {
    const page = pageText(file);
    const texts: string[] = [];
    for (const block of blocksOf(page)) {
      if (!canMake(block))
        console.warn(`${file}: left as it is, as no Python here has PyTorch: ${block.kind} ${block.name}`);
      const isLeft = !canMake(block) || (isSlow(block) && !asked.includes(file));
      texts.push(isLeft ? block.text : await made(block));
    }
    writeFileSync(
      join(root, file),
      page.replace(marked, (_, open: string) => `${open}\n${texts.shift()}<!-- end -->`),
    );
  }
}
