/** @file Generates the parts of pages about operators: inputs and outputs from the signature, and modes. */
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { type Axis, axesOf, type Side, type Term } from '../../src/oracle/signature.ts';
import { lettersOfTap } from '../../src/oracle/taps.ts';
import { block, codes, table } from './markdown.ts';

const operatorOf = (name: string): Operator => {
  const operator = operators.find((one) => one.name === name);
  if (operator === undefined) throw new Error(`there is no operator '${name}'`);
  return operator;
};

/** Formats an axis: `h·d`, `s + t`, or a letter. */
const axisText = ({ letters, join }: Axis): string => letters.join(join === 'sum' ? ' + ' : '·');

/** Formats the shapes of a term: `[b, h, t, d]`, or several joined by "or". */
const shapeText = ({ shapes }: Term): string =>
  shapes.length === 0 ? 'weights' : shapes.map((axes) => `\`[${axes.map(axisText).join(', ')}]\``).join(' or ');

/** Formats a name: `selected.j` for an index of sources, `state.l` for one of layers, or `param.…` for any path. */
const nameText = ({ pattern, isOptional }: Term): string => {
  const index = /^(state|layers|source|keys|values)\./.test(pattern) ? 'l' : 'j';
  return `\`${pattern.replace('.**', '.…').replace('*', index)}\`${isOptional ? ' (optional)' : ''}`;
};

/** Groups consecutive tensors of one shape: a cell of names and a cell with their shape. */
function cellsOf(side: Side): [string, string][] {
  const cells: [string, string][] = [];
  for (const term of side) {
    const last = cells.at(-1);
    if (last?.[1] === shapeText(term)) last[0] += `, ${nameText(term)}`;
    else cells.push([nameText(term), shapeText(term)]);
  }
  return cells;
}

/** Where a formula is used: an operator, and its modes unless these are all. */
const useText = ({ name, modes }: Operator, used: readonly string[]): string =>
  used.length === Object.keys(modes).length ? `\`${name}\`` : `\`${name}\` ${codes(used)}`;

/** A row for each formula of any operator: its text, and where it is used. */
function rowsOf(formulas: (operator: Operator, mode: string) => readonly (readonly string[])[]): string[][] {
  const uses = new Map<string, string[]>();
  for (const operator of operators) {
    const own = Object.keys(operator.modes).flatMap((mode) =>
      formulas(operator, mode).map((cells) => [JSON.stringify(cells), mode] as const),
    );
    for (const key of new Set(own.map(([cells]) => cells))) {
      const used = own.flatMap(([cells, mode]) => (cells === key ? [mode] : []));
      uses.set(key, [...(uses.get(key) ?? []), useText(operator, used)]);
    }
  }
  return [...uses].map(([cells, where]) => [
    ...(JSON.parse(cells) as string[]).map((cell) => cell.replaceAll('|', '\\|')),
    where.join(', '),
  ]);
}

/** The makers, by kind of block. */
export const operatorMakers = {
  /** The inputs and outputs of an operator. */
  async tensors(name: string) {
    const { inputs, outputs } = operatorOf(name).signature;
    const [taken, given] = [cellsOf(inputs), cellsOf(outputs)];
    const rows = Array.from({ length: Math.max(taken.length, given.length) }, (_, i) => [
      ...(taken[i] ?? ['', '']),
      ...(given[i] ?? ['', '']),
    ]);
    return block(table([`\`${name}\` takes`, 'shape', 'gives', 'shape'], rows));
  },
  /** The forms of every operator. */
  async forms() {
    return block(
      table(
        ['form', 'computes', 'loses digits', 'there', 'of'],
        rowsOf(({ forms }, mode) =>
          Object.entries(forms?.[mode] ?? {}).map(([form, { says, loses = '', isFaultThere }]) => [
            `\`${form}\``,
            says,
            loses,
            loses === '' ? '' : isFaultThere ? 'a fault' : 'right',
          ]),
        ),
      ),
    );
  },
  /** What the modes that have forms compute themselves. */
  async own() {
    return block(
      table(
        ['the mode itself computes', 'of'],
        rowsOf(({ says }, mode) => (says?.[mode] === undefined ? [] : [[says[mode]]])),
      ),
    );
  },
  /** The taps of every mode. */
  async taps() {
    return block(
      table(
        ['tap', 'shape', 'of'],
        rowsOf(({ taps }, mode) =>
          Object.entries(taps?.[mode] ?? {}).map(([tap, letters]) => [
            `\`${tap}\``,
            `\`[${axesOf(lettersOfTap(letters).own).map(axisText).join(', ')}]\``,
          ]),
        ),
      ),
    );
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
