/** @file Generates the parts of pages about spec/: its chapters, equations, evidence marks, and laws. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Equation, numberingNote, type OtherFormula } from '../../spec/equation.ts';
import { evidenceMeanings, scopeOfMarks } from '../../spec/evidence.ts';
import { equations } from '../../spec/registry.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { root } from '../support/root.ts';
import { anchorOf, block, codes, table } from './markdown.ts';

/** The first line of a file's header, without the full stop. */
function titleOf(file: string): string {
  const [, title] = readFileSync(join(root, 'spec', file), 'utf8').match(/^\/\*\*[\s*]*@file (.*?)\.?(?: \*\/)?\n/)!;
  return title!;
}

const heading = ({ number, name }: Equation): string => `Eq. ${number}: ${name}`;

const linkOf = ({ chapter }: Equation, text: string): string => `[\`${text}\`](../spec/${chapter})`;

/** A link to the section of docs/operators.md about an operator. */
function operatorLink({ name }: Operator): string {
  const page = readFileSync(join(root, 'docs/operators.md'), 'utf8');
  const [, section] = page.match(new RegExp(`^## (.*\\b${name}\\b.*)$`, 'm'))!;
  return `[\`${name}\`](operators.md#${anchorOf(section!)})`;
}

/** A link to the section of docs/readings.md about a reading. */
function readingLink(name: string): string {
  const page = readFileSync(join(root, 'docs/readings.md'), 'utf8');
  const [, section] = page.match(new RegExp(`^### (\`${name}\`.*)$`, 'm'))!;
  return `[\`${name}\`](readings.md#${anchorOf(section!)})`;
}

/** The formula under another reading. */
const otherLines = ({ reading, option, latex, note, evidence }: OtherFormula): string[] => [
  `Under the reading \`${option}\` of ${readingLink(reading)}. ${note} Evidence ${evidence.join(', ')}.`,
  `\`\`\`math\n${latex}\n\`\`\``,
];

/** Formats equation numbers for a sentence: Eqs. 5, 6 and 11. */
const listed = (numbers: readonly number[]): string =>
  numbers.length === 1 ? `Eq. ${numbers[0]}` : `Eqs. ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`;

/** The results that an equation's definition judges, if other equations judge the rest. */
function judged({ number }: Equation, { definedBy }: Operator): string[] {
  if (definedBy === undefined) return [];
  const results = Object.entries(definedBy).flatMap(([mode, outputs]) =>
    Object.entries(outputs).map(([output, numbers]) => ({ mode, output, numbers })),
  );
  const [own, rest] = [true, false].map((isOwn) => results.filter(({ numbers }) => numbers.includes(number) === isOwn));
  const outputs = [...new Set(own!.map(({ output }) => output))].map(
    (output) => `\`${output}\` of ${codes(own!.filter((one) => one.output === output).map(({ mode }) => mode))}`,
  );
  const others = [...new Set(rest!.flatMap(({ numbers }) => numbers))].sort((a, b) => a - b);
  const joined =
    others.length === 0 ? '' : `; the rest is judged by ${listed(others)}, and the law \`modes\` joins them`;
  return [`- Judges: ${outputs.join('; ')}${joined}`];
}

/** The section of an equation: formula, definition, shapes, evidence, operator and laws. */
function section(equation: Equation): string {
  const { number, latex, shapes, note, otherwise, evidence, definition } = equation;
  const operator = operators.find((one) => one.equations?.includes(number))!;
  const held = laws.filter((law) => law.concerns(operator)).map(({ name }) => name);
  const meanings = evidence.map((mark) => `**${mark}** ${evidenceMeanings[mark]}`);
  return [
    `## ${heading(equation)}`,
    `\`\`\`math\n${latex}\n\`\`\``,
    [
      `- Definition: \`${definition.name}\` in ${linkOf(equation, `spec/${equation.chapter}`)}`,
      `- Shapes: \`${shapes}\``,
      ...(note === undefined ? [] : [`- Note: ${note}`]),
      `- Evidence: ${meanings.join('; ')}`,
      `- Number: ${numberingNote(equation)}`,
      `- Operator: ${operatorLink(operator)}, modes ${codes(Object.keys(operator.modes))}`,
      ...judged(equation, operator),
      `- [Laws](reading-the-spec.md#the-laws): ${codes(held)}`,
    ].join('\n'),
    ...(otherwise === undefined ? [] : otherLines(otherwise)),
  ].join('\n\n');
}

/** The makers, by kind of block. */
export const specMakers = {
  /** Every file of spec/ with the first line of its header. */
  async chapters() {
    const files = readdirSync(join(root, 'spec')).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
    return block(
      table(
        ['file', 'content'],
        files.sort().map((file) => [`[\`${file}\`](../spec/${file})`, titleOf(file)]),
      ),
    );
  },
  /** The marks, their meanings, and their scope. */
  async evidence() {
    return block(
      `${table(
        ['mark', 'source'],
        Object.entries(evidenceMeanings).map(([mark, meaning]) => [`**${mark}**`, meaning]),
      )}\n\n${scopeOfMarks}`,
    );
  },
  /** Every law. */
  async laws() {
    return block(
      table(
        ['law', 'statement'],
        laws.map(({ name, statement }) => [`\`${name}\``, statement]),
      ),
    );
  },
  /** Every equation. */
  async equations() {
    const list = equations.map((one) => [
      `[${one.number}](#${anchorOf(heading(one))})`,
      one.name,
      linkOf(one, one.definition.name),
      one.evidence.join(' '),
    ]);
    return block([table(['Eq.', 'name', 'definition', 'evidence'], list), ...equations.map(section)].join('\n\n'));
  },
};
