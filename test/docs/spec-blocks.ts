/** @file Makes the parts of pages that say what spec/ holds: its chapters, equations, evidence marks, and the laws over them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Equation, numberingNote } from '../../spec/equation.ts';
import { evidenceMeanings } from '../../spec/evidence.ts';
import { equations } from '../../spec/registry.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { root } from '../support/root.ts';
import { block, codes, table } from './markdown.ts';

/** The first line of a file's header. */
function titleOf(file: string): string {
  const [, title] = readFileSync(join(root, 'spec', file), 'utf8').match(/^\/\*\*[\s*]*@file (.*?)\.?(?: \*\/)?\n/)!;
  return title!;
}

const heading = ({ number, name }: Equation): string => `Eq. ${number}: ${name}`;

/** GitHub's anchor of an equation's heading. */
const anchorOf = (equation: Equation): string =>
  heading(equation)
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');

const linkOf = ({ chapter }: Equation, text: string): string => `[\`${text}\`](../spec/${chapter})`;

/** One equation: formula, definition, shapes, evidence, and what computes and holds it. */
function section(equation: Equation): string {
  const { number, latex, shapes, evidence, definition } = equation;
  const operator = operators.find((one) => one.equations?.includes(number))!;
  const held = laws.filter((law) => law.concerns(operator)).map(({ name }) => name);
  const meanings = evidence.map((mark) => `**${mark}** ${evidenceMeanings[mark]}`);
  const sources = [...meanings, numberingNote(equation)].filter((text) => text !== '');
  return [
    `## ${heading(equation)}`,
    `\`\`\`math\n${latex}\n\`\`\``,
    [
      `- Definition: \`${definition.name}\` in ${linkOf(equation, `spec/${equation.chapter}`)}`,
      `- Shapes: \`${shapes}\``,
      `- Evidence: ${sources.join('; ')}`,
      `- Operator: \`${operator.name}\`, modes ${codes(Object.keys(operator.modes))}`,
      `- Laws: ${codes(held)}`,
    ].join('\n'),
  ].join('\n\n');
}

/** The makers, by kind of block. */
export const specMakers = {
  /** Every file of spec/ with its header's first line. */
  async chapters() {
    const files = readdirSync(join(root, 'spec')).filter((name) => name.endsWith('.ts') && name !== 'index.ts');
    return block(
      table(
        ['file', 'content'],
        files.sort().map((file) => [`[\`${file}\`](../spec/${file})`, titleOf(file)]),
      ),
    );
  },
  /** The marks and their meanings. */
  async evidence() {
    return block(
      table(
        ['mark', 'source'],
        Object.entries(evidenceMeanings).map(([mark, meaning]) => [`**${mark}**`, meaning]),
      ),
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
      `[${one.number}](#${anchorOf(one)})`,
      one.name,
      linkOf(one, one.definition.name),
      one.evidence.join(' '),
    ]);
    return block([table(['Eq.', 'name', 'definition', 'evidence'], list), ...equations.map(section)].join('\n\n'));
  },
};
