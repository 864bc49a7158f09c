/** @file Makes the parts of pages that say what each operator takes and gives, from its signature, and in which modes. */
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import type { Axis, Side, Term } from '../../src/oracle/signature.ts';
import { block, codes, table } from './markdown.ts';

const operatorOf = (name: string): Operator => {
  const operator = operators.find((one) => one.name === name);
  if (operator === undefined) throw new Error(`there is no operator '${name}'`);
  return operator;
};

/** `h·d`, `s + t`, or a letter. */
const axisText = ({ letters, join }: Axis): string => letters.join(join === 'sum' ? ' + ' : '·');

/** `[b, h, t, d]`, or one of several. */
const shapeText = ({ shapes }: Term): string =>
  shapes.length === 0 ? 'weights' : shapes.map((axes) => `\`[${axes.map(axisText).join(', ')}]\``).join(' or ');

/** `source.j`, `state.l` where the index is a layer's, or `param.…` for any path. */
const nameText = ({ pattern, isOptional }: Term): string => {
  const index = /^(state|layers)\./.test(pattern) ? 'l' : 'j';
  return `\`${pattern.replace('.**', '.…').replace('*', index)}\`${isOptional ? ' (optional)' : ''}`;
};

/** A cell of names and one of their shape for each run of tensors of one shape. */
function cellsOf(side: Side): [string, string][] {
  const cells: [string, string][] = [];
  for (const term of side) {
    const last = cells.at(-1);
    if (last?.[1] === shapeText(term)) last[0] += `, ${nameText(term)}`;
    else cells.push([nameText(term), shapeText(term)]);
  }
  return cells;
}

/** The makers, by kind of block. */
export const operatorMakers = {
  /** What an operator takes and gives. */
  async tensors(name: string) {
    const { inputs, outputs } = operatorOf(name).signature;
    const [taken, given] = [cellsOf(inputs), cellsOf(outputs)];
    const rows = Array.from({ length: Math.max(taken.length, given.length) }, (_, i) => [
      ...(taken[i] ?? ['', '']),
      ...(given[i] ?? ['', '']),
    ]);
    return block(table([`\`${name}\` takes`, 'shape', 'gives', 'shape'], rows));
  },
  /** The modes of every operator. */
  async modes() {
    return block(
      table(
        ['operator', 'modes'],
        operators.map(({ name, modes }) => [`\`${name}\``, codes(Object.keys(modes))]),
      ),
    );
  },
};
