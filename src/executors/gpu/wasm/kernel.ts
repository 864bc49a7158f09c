/** @file Compiles the text of a kernel to a function of WebAssembly, which computes a range of its elements, four at a time. */
import type { Callee, Code, Expression, Local } from '../../../wasm/code.ts';
import { loop, loopWhile, repeatWhile, select, when } from '../../../wasm/control.ts';
import { i32 } from '../../../wasm/instructions.ts';
import { define, type NewLocal } from '../../../wasm/module.ts';
import { namesOf, operationsIn, parse, type Statement, type Syntax } from '../text/syntax.ts';
import { type Digit, type Nest, nestOf } from './nest.ts';
import { integer, type Quantity, real } from './quantities.ts';
import { type Scope, written } from './statements.ts';
import { NotVector, type Writer } from './terms.ts';

type I32 = Expression<'i32'>;

/** A compiled kernel. Its function takes the first unit, the unit after the last, the address of the result, and the arguments. */
export interface CompiledKernel {
  readonly callee: Callee<null>;
  /** Number of units, which are rows or elements. Parts of the work begin at multiples of `grain`. */
  readonly units: number;
  readonly grain: number;
  /** About how many operations it is, of all units. */
  readonly operations: number;
}

/** How the innermost elements are taken: `width` neighbours by `lanes`, the innermost `count` digits together. */
interface Way {
  readonly lanes: 1 | 4;
  readonly width: number;
  readonly count: number;
  readonly along: boolean;
}

const simple = (nest: Nest, along: boolean): Way => ({ lanes: 1, width: nest.digits[0]!.length, count: 1, along });

/** Four neighbours at a time: along the innermost digit, or along the two innermost if the first is too short. Null if neither. */
function vectorWay({ digits }: Nest): Way | null {
  const [first, second] = digits;
  if (first!.length >= 4) return { lanes: 4, width: first!.length, count: 1, along: false };
  const width = first!.length * (second?.length ?? 0);
  return first!.length === 2 && width >= 4 && width % 4 === 0 ? { lanes: 4, width, count: 2, along: false } : null;
}

/** Compiles a kernel: four elements at a time, or one whose loops run four rounds at a time, whichever reads less one by one. */
export function compileKernel(name: string, text: string, size: number): CompiledKernel {
  const syntax = parse(text);
  const nest = nestOf(syntax.body, size);
  const vector = vectorWay(nest);
  const attempts: { readonly kernel: CompiledKernel; readonly gathers: number }[] = [];
  const attempt = (way: Way): void => {
    const price = { gathers: 0 };
    try {
      const written = writeKernel(name, syntax, nest, way, price);
      attempts.push({ kernel: { ...written, operations: size * operationsIn(syntax.body) }, gathers: price.gathers });
    } catch (error) {
      if (!(error instanceof NotVector)) throw error;
    }
  };
  if (vector !== null) attempt(vector);
  if (attempts[0] === undefined || attempts[0].gathers > 0) attempt(simple(nest, true));
  return attempts.reduce((best, one) => (one.gathers < best.gathers ? one : best)).kernel;
}

function writeKernel(
  name: string,
  { params }: Syntax,
  nest: Nest,
  way: Way,
  price: Writer['price'],
): Omit<CompiledKernel, 'operations'> {
  const types = Object.fromEntries(params.map((param) => [param, param.startsWith('a') ? 'i32' : 'f32'] as const));
  const rows = nest.digits.slice(way.count).reduce((product, { length }) => product * length, 1);
  const isFlat = rows === 1 && nest.digits.length === way.count;
  const callee = define(name, { from: 'i32', to: 'i32', result: 'i32', ...types }, (variables, newLocal) => {
    const addresses = new Map<string, I32>();
    const known = new Map<string, Quantity>();
    for (const param of params) {
      const variable = (variables as Readonly<Record<string, Local>>)[param]!;
      if (variable.type === 'i32') addresses.set(param, variable as Local<'i32'>);
      else known.set(param, real(variable as Local<'f32'>));
    }
    const writer: Writer = { newLocal, addresses, along: way.along, price };
    const { from, to, result } = variables as unknown as Record<'from' | 'to' | 'result', Local<'i32'>>;
    const last = nest.digits[way.count - 1]!.carry;
    if (isFlat && last !== null) known.set(last, integer(i32.const(0)));
    const own = { writer, nest, way, known, result, newLocal };
    return isFlat ? elements(own, from, to, i32.const(0)) : overRows(own, from, to);
  }) as Callee<null>;
  return isFlat ? { callee, units: way.width, grain: way.lanes } : { callee, units: rows, grain: 1 };
}

/** What the parts of a kernel share. */
interface Own {
  readonly writer: Writer;
  readonly nest: Nest;
  readonly way: Way;
  readonly known: ReadonlyMap<string, Quantity>;
  readonly result: I32;
  readonly newLocal: NewLocal;
}

/** Runs over the rows: all digits but those within a row, which are counted up like the digits of a clock. */
function overRows(own: Own, from: I32, to: I32): Code {
  const { nest, way, newLocal } = own;
  const outer = nest.digits.slice(way.count).map((digit) => ({ ...digit, local: newLocal('i32') }));
  const [row, start, rest] = [newLocal('i32'), newLocal('i32'), newLocal('i32')];
  const known = new Map(own.known);
  // the times that the digits before have come back to 0
  let carry: I32 = row;
  nest.digits.slice(way.count - 1).forEach((digit, k) => {
    if (k > 0) carry = i32.divUnsigned(carry, i32.const(digit.length));
    if (digit.carry !== null) known.set(digit.carry, integer(carry));
  });
  for (const { name, local } of outer) known.set(name, integer(local));
  const begin = outer.map(({ length, local }) => [
    local.set(i32.remUnsigned(rest, i32.const(length))),
    rest.set(i32.divUnsigned(rest, i32.const(length))),
  ]);
  const count = outer.reduceRight<Code>(
    (next, { local, length }, k) => [
      local.set(i32.add(local, i32.const(1))),
      k === outer.length - 1 ? [] : when(i32.eq(local, i32.const(length)), [local.set(i32.const(0)), next]),
    ],
    [],
  );
  return [
    [row.set(from), rest.set(row), begin],
    loopWhile(i32.lt(row, to), [
      start.set(i32.mul(row, i32.const(way.width))),
      elements({ ...own, known }, i32.const(0), i32.const(way.width), start),
      count,
      row.set(i32.add(row, i32.const(1))),
    ]),
  ];
}

/** Splits statements: those that depend on the position within a row, and those before, which are the same for the row. */
function splitBy(varying: ReadonlySet<string>, statements: readonly Statement[]): [Statement[], Statement[]] {
  const names = new Set([...varying, 'result']);
  const parts = statements.map((statement) => ({ statement, ...namesOf(statement) }));
  for (let before = -1; before < names.size; ) {
    before = names.size;
    for (const { reads, writes } of parts) {
      if ([...reads, ...writes].some((name) => names.has(name))) for (const name of writes) names.add(name);
    }
  }
  const isInner = ({ reads, writes }: (typeof parts)[number]): boolean =>
    [...reads, ...writes].some((name) => names.has(name));
  return [
    parts.filter((part) => !isInner(part)).map(({ statement }) => statement),
    parts.filter(isInner).map(({ statement }) => statement),
  ];
}

/** Computes the elements of a row from `from` to `to`. `start` is the number of the row's first element. */
function elements({ writer, nest, way, known, result, newLocal }: Own, from: I32, to: I32, start: I32): Code {
  const position = newLocal('i32');
  const number = i32.add(start, position);
  const positions = positionsOf(nest.digits.slice(0, way.count), way, position, number);
  const [before, body] = splitBy(new Set(positions.keys()), nest.body);
  const outside = new Map(known);
  const shared = { variables: new Map() as Scope['variables'], mask: null, inLoop: false, depth: 0 };
  const hoisted = written(writer, { ...shared, lanes: 1, known: outside, place: result }, before);

  const place = i32.add(result, i32.shl(number, i32.const(2)));
  const scope: Scope = { ...shared, lanes: way.lanes, known: new Map([...outside, ...positions]), place };
  // a block, as a return inside a condition leaves it
  const one: Code = [0x02, 0x40, written(writer, scope, body), 0x0b];
  if (way.lanes === 1) return [hoisted, loop(position, from, to, 1, one)];
  const next = i32.add(position, i32.const(4));
  // the last four elements may include some that are computed already
  const last = i32.sub(to, i32.const(4));
  const step = way.width % 4 === 0 ? next : select(i32.lt(next, last), next, last);
  const isMore = newLocal('i32');
  const round = [one, isMore.set(i32.lt(next, to)), position.set(step)];
  return [hoisted, position.set(from), repeatWhile(round, isMore)];
}

/** The names that depend on the position within a row. */
function positionsOf(inner: readonly Digit[], { lanes }: Way, position: I32, number: I32): Map<string, Quantity> {
  const [first, second] = inner as [Digit, Digit | undefined];
  const lane = lanes === 4 ? [0, 1, 2, 3] : [0, 0, 0, 0];
  const positions = new Map([['i', integer(number, lane)]]);
  if (second === undefined) return first.name === 'i' ? positions : positions.set(first.name, integer(position, lane));
  // pairs, two at a time
  const pair = i32.shrUnsigned(position, i32.const(1));
  positions.set(first.name, integer(i32.const(0), [0, 1, 0, 1]));
  if (first.carry !== null) positions.set(first.carry, integer(i32.shrUnsigned(number, i32.const(1)), [0, 0, 1, 1]));
  return positions.set(second.name, integer(pair, [0, 0, 1, 1]));
}
