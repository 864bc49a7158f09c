/**
 * @file Translates the text of a kernel to WGSL, with positions and offsets as integers. gpu.js computes them in f32, which has all
 * integers only up to 2²⁴.
 */
import { called } from './natives.ts';
import { type Comparison, parse, type Statement, type Term } from './syntax.ts';

/** A translated term. A number that stands in the text itself takes the type of what it meets. */
type Translated =
  | { readonly is: 'literal'; readonly value: number }
  | { readonly is: 'i32' | 'f32' | 'bool'; readonly text: string };

type Known = ReadonlyMap<string, Translated>;

const isWhole = (x: Translated): boolean => x.is === 'i32' || (x.is === 'literal' && Number.isInteger(x.value));

/** Whether an operation on both is one of integers. Literals alone are f32. */
const areIntegers = (x: Translated, y: Translated): boolean =>
  isWhole(x) && isWhole(y) && !(x.is === 'literal' && y.is === 'literal');

function asReal(x: Translated): string {
  if (x.is === 'literal') return x.value < 0 ? `(${x.value}f)` : `${x.value}f`;
  if (x.is === 'bool') throw new Error(`a kernel needs a number where it has ${x.text}`);
  return x.is === 'f32' ? x.text : `f32(${x.text})`;
}

function asInteger(x: Translated): string {
  if (x.is === 'literal') return x.value < 0 ? `(${x.value})` : `${x.value}`;
  if (x.is === 'bool') throw new Error(`a kernel needs an integer where it has ${x.text}`);
  return x.is === 'i32' ? x.text : `i32(${x.text})`;
}

const conditionOf = (x: Translated): string => {
  if (x.is !== 'bool') throw new Error('a kernel needs a condition where it has a number');
  return x.text;
};

const both = (x: Translated, y: Translated): readonly [string, string] =>
  areIntegers(x, y) ? [asInteger(x), asInteger(y)] : [asReal(x), asReal(y)];

/** Operators of WGSL that JavaScript spells differently. */
const operators: { readonly [op in Comparison]?: string } = { '===': '==', '!==': '!=' };

const functions: Readonly<Record<string, string>> = { 'Math.floor': 'floor', 'Math.abs': 'abs', 'Math.sqrt': 'sqrt' };

/** Translates a term. Numbers of the `place` of an element are integers, also those that are read from arrays. */
function translated(term: Term, known: Known, isPlace = false): Translated {
  const of = (inner: Term, inPlace = isPlace): Translated => translated(inner, known, inPlace);
  switch (term.is) {
    case 'number':
      return { is: 'literal', value: term.value };
    case 'name': {
      const found = known.get(term.name);
      if (found === undefined) throw new Error(`a kernel reads ${term.name}, which it does not declare`);
      return isPlace && found.is === 'f32' ? { is: 'i32', text: asInteger(found) } : found;
    }
    case 'element': {
      const read: Translated = { is: 'f32', text: `user_${term.array}[${asInteger(of(term.at, true))}]` };
      return isPlace ? { is: 'i32', text: asInteger(read) } : read;
    }
    case 'arithmetic': {
      const [x, y] = [of(term.x), of(term.y)];
      if (term.op !== '/' && areIntegers(x, y))
        return { is: 'i32', text: `(${asInteger(x)} ${term.op} ${asInteger(y)})` };
      return { is: 'f32', text: `(${asReal(x)} ${term.op} ${asReal(y)})` };
    }
    case 'condition': {
      const [x, y] = [of(term.x, false), of(term.y, false)];
      if (term.op === '&&') return { is: 'bool', text: `(${conditionOf(x)} && ${conditionOf(y)})` };
      const [a, b] = both(x, y);
      return { is: 'bool', text: `(${a} ${operators[term.op] ?? term.op} ${b})` };
    }
    case 'choice': {
      const [x, y] = [of(term.x), of(term.y)];
      const [a, b] = both(x, y);
      const text = `select(${b}, ${a}, ${conditionOf(of(term.condition, false))})`;
      return { is: areIntegers(x, y) ? 'i32' : 'f32', text };
    }
    case 'call': {
      const args = term.args.map((arg) => of(arg, false));
      if (term.of === 'quotient')
        return { is: 'i32', text: `i32(u32(${asInteger(args[0]!)}) / ${asInteger(args[1]!)}u)` };
      return { is: 'f32', text: `${functions[term.of] ?? term.of}(${args.map(asReal).join(', ')})` };
    }
  }
}

/** Translates statements, which know the given names. */
const lines = (statements: readonly Statement[], outside: Known): string[] => {
  const known = new Map(outside);
  return statements.flatMap((statement) => translatedStatement(statement, known));
};

/** Translates a statement. Adds the name that it declares to those that are known. */
function translatedStatement(statement: Statement, known: Map<string, Translated>): string[] {
  switch (statement.is) {
    case 'declare': {
      const name = `user_${statement.name}`;
      const value = translated(statement.value, known);
      if (statement.isConstant && value.is === 'literal') {
        known.set(statement.name, value);
        return [];
      }
      const isInteger = statement.isConstant && value.is === 'i32';
      known.set(statement.name, { is: isInteger ? 'i32' : 'f32', text: name });
      return [`${statement.isConstant ? 'let' : 'var'} ${name} = ${isInteger ? asInteger(value) : asReal(value)};`];
    }
    case 'assign':
      return [`user_${statement.name} = ${asReal(translated(statement.value, known))};`];
    case 'return':
      return [`return ${asReal(translated(statement.value, known))};`];
    case 'if':
      return [`if (${conditionOf(translated(statement.condition, known))}) {`, ...lines(statement.body, known), '}'];
    case 'for': {
      const name = `user_${statement.name}`;
      const end = asInteger(translated(statement.end, known));
      const inner = new Map(known).set(statement.name, { is: 'i32', text: name });
      return [`for (var ${name} = 0; ${name} < ${end}; ${name}++) {`, ...lines(statement.body, inner), '}'];
    }
  }
}

/**
 * Translates a kernel's text to the function `element(index : u32) -> f32`, with the functions that it calls. As in the shaders of gpu.js,
 * the arrays are named `user_a0`, …, and the scalars are members of `params`.
 */
export function elementOf(text: string): string {
  const { params, body } = parse(text);
  const numbers = params.filter((name) => !name.startsWith('a'));
  const scalars = numbers.map((name): [string, Translated] =>
    name.startsWith('n')
      ? [name, { is: 'i32', text: `i32(params.user_${name})` }]
      : [name, { is: 'f32', text: `params.user_${name}` }],
  );
  const known: Known = new Map<string, Translated>([...scalars, ['i', { is: 'i32', text: 'user_i' }]]);
  return [
    ...called(text).map(({ name, wgsl }) => `fn ${name}${wgsl}`),
    'fn element(index : u32) -> f32 {',
    'let user_i = i32(index);',
    ...lines(body, known),
    '}',
  ].join('\n');
}
