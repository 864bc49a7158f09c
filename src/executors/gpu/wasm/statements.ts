/** @file Writes the statements of a kernel in WebAssembly, for one element or for four at a time. */
import type { Code, Expression, Local } from '../../../wasm/code.ts';
import { loop, loopWhile, when } from '../../../wasm/control.ts';
import { f32, f32x4, i32, v128 } from '../../../wasm/instructions.ts';
import type { NewLocal } from '../../../wasm/module.ts';
import {
  applied,
  arithmetic,
  asInteger,
  asMask,
  asReal,
  asReals,
  both,
  choice,
  comparison,
  element,
  integer,
  isUniform,
  literal,
  type Quantity,
  quotient,
  real,
  reals,
} from './quantities.ts';
import { namesIn, type Statement, type Term } from './syntax.ts';

type I32 = Expression<'i32'>;

/** Thrown where four elements at a time would take different ways. */
export class NotVector extends Error {}

/** What the statements of a kernel share while they are written. */
export interface Writer {
  readonly newLocal: NewLocal;
  readonly addresses: ReadonlyMap<string, I32>;
  /** Whether the innermost loops run over four of their own rounds at a time, for one element. */
  readonly along: boolean;
  /** Reads of four numbers that are not neighbours, in loops: the price of a way to write a kernel. */
  readonly price: { gathers: number };
}

/** The names known at a place, and how the elements there are written. */
export interface Scope {
  readonly lanes: 1 | 4;
  readonly known: Map<string, Quantity>;
  readonly variables: Map<string, Local<'f32'> | Local<'v128'>>;
  /** The lanes that take part, if some do not. */
  readonly mask: Expression<'v128'> | null;
  /** The number of `if`s around. */
  readonly depth: number;
  readonly inLoop: boolean;
  /** Address of the first element that is written. */
  readonly place: I32;
}

/** Writes statements in order. */
export function written(writer: Writer, scope: Scope, statements: readonly Statement[]): Code {
  const code: Code[] = [];
  const emit = (one: Code): void => void code.push(one);

  /** Keeps a quantity in local variables, unless it is one. */
  const named = (x: Quantity): Quantity => {
    const keep = <T extends 'i32' | 'f32' | 'v128'>(value: Expression<T>): Expression<T> => {
      if (value.code[0] === 0x20) return value;
      const own = writer.newLocal(value.type);
      emit(own.set(value));
      return own;
    };
    if (x.is === 'literal') return x;
    if (x.is === 'integer') return { ...x, base: keep(x.base) };
    if (x.is === 'real') return real(keep(x.one));
    if (x.is === 'flag') return { ...x, one: keep(x.one) };
    return { ...x, lanes: keep(x.lanes) };
  };

  const address = (array: string): I32 => {
    const found = writer.addresses.get(array);
    if (found === undefined) throw new Error(`a kernel reads ${array}, which is no argument`);
    return found;
  };

  /** The quantity of a term; an integer if it `counts` elements. */
  const quantity = (term: Term, counts = false): Quantity => {
    switch (term.is) {
      case 'number':
        return literal(term.value);
      case 'name': {
        const found = scope.known.get(term.name);
        if (found === undefined) throw new Error(`a kernel reads ${term.name}, which it does not declare`);
        return counts ? asInteger(found) : found;
      }
      case 'element': {
        const { value, isGather } = element(address(term.array), quantity(term.at, true), named);
        if (isGather && scope.inLoop) writer.price.gathers++;
        return counts ? named(asInteger(value)) : value;
      }
      case 'arithmetic':
        return arithmetic(term.op, quantity(term.x, counts), quantity(term.y, counts));
      case 'condition': {
        const [x, y] = [quantity(term.x), quantity(term.y)];
        return term.op === '&&' ? both(x, y) : comparison(term.op, x, y);
      }
      case 'choice': {
        const condition = named(quantity(term.condition));
        return choice(condition, quantity(term.x, counts), quantity(term.y, counts));
      }
      case 'call': {
        if (term.of === 'quotient') {
          const [x, divisor] = term.args as [Term, Term & { readonly is: 'number' }];
          const result = quotient(quantity(x), divisor.value);
          if (result === null) throw new NotVector();
          return result;
        }
        return applied(
          term.of,
          term.args.map((arg) => named(quantity(arg))),
        );
      }
    }
  };

  const assigned = (name: string, value: Quantity): void => {
    const variable = scope.variables.get(name);
    if (variable === undefined) throw new Error(`a kernel assigns ${name}, which is no variable`);
    if (variable.type === 'f32') emit((variable as Local<'f32'>).set(asReal(value)));
    else {
      const lanes = asReals(value);
      emit(
        (variable as Local<'v128'>).set(
          scope.mask === null ? lanes : v128.choose(lanes, variable as Local<'v128'>, scope.mask),
        ),
      );
    }
  };

  const declared = (name: string, value: Quantity, isConstant: boolean): void => {
    if (isConstant) {
      scope.known.set(name, named(value));
      return;
    }
    const variable = scope.lanes === 1 ? writer.newLocal('f32') : writer.newLocal('v128');
    scope.variables.set(name, variable);
    scope.known.set(name, variable.type === 'f32' ? real(variable as Local<'f32'>) : reals(variable as Local<'v128'>));
    // a variable of the inside of a mask has no number before
    if (variable.type === 'f32') emit((variable as Local<'f32'>).set(asReal(value)));
    else emit((variable as Local<'v128'>).set(asReals(value)));
  };

  const whole = (x: Quantity): I32 => {
    const end = asInteger(x);
    if (end.is !== 'integer' || !isUniform(end)) throw new NotVector();
    const kept = named(end) as Extract<Quantity, { is: 'integer' }>;
    return kept.offsets[0] === 0 ? kept.base : i32.add(kept.base, i32.const(kept.offsets[0]!));
  };

  for (const statement of statements) {
    switch (statement.is) {
      case 'declare':
        declared(statement.name, quantity(statement.value), statement.isConstant);
        break;
      case 'assign':
        assigned(statement.name, quantity(statement.value));
        break;
      case 'return': {
        if (scope.mask !== null) throw new NotVector();
        const value = quantity(statement.value);
        emit(scope.lanes === 1 ? f32.store(scope.place, asReal(value)) : v128.store(scope.place, asReals(value)));
        // leaves the block around the element
        if (scope.depth > 0) emit([0x0c, scope.depth]);
        break;
      }
      case 'if': {
        const condition = quantity(statement.condition);
        if (condition.is === 'flag') {
          const inner: Scope = { ...scope, known: new Map(scope.known), depth: scope.depth + 1 };
          emit(when(condition.one, written(writer, inner, statement.body)));
          break;
        }
        const own = named({ is: 'mask', lanes: asMask(condition) }) as Extract<Quantity, { is: 'mask' }>;
        const mask = scope.mask === null ? own.lanes : v128.and(scope.mask, own.lanes);
        emit(written(writer, { ...scope, known: new Map(scope.known), mask }, statement.body));
        break;
      }
      case 'for': {
        if (statement.body.some(({ is }) => is === 'return')) throw new Error('a kernel returns from inside a loop');
        const end = whole(quantity(statement.end));
        const reduction = writer.along && scope.lanes === 1 ? reductionOf(statement) : null;
        const j = writer.newLocal('i32');
        const round = (lanes: 1 | 4, more: Iterable<readonly [string, Quantity]>): Scope => ({
          ...scope,
          lanes,
          known: new Map([...scope.known, ...more]),
          variables: new Map(scope.variables),
          inLoop: true,
        });
        if (reduction === null) {
          const inner = round(scope.lanes, [[statement.name, integer(j)]]);
          emit(loop(j, i32.const(0), end, 1, written(writer, inner, statement.body)));
          break;
        }
        const total = scope.variables.get(reduction.name) as Local<'f32'>;
        const four = writer.newLocal('v128');
        emit([j.set(i32.const(0)), four.set(reduction.isSum ? f32x4.const(0) : f32x4.splat(total))]);
        const wide = round(4, [
          [statement.name, integer(j, [0, 1, 2, 3])],
          [reduction.name, reals(four)],
        ]);
        wide.variables.set(reduction.name, four);
        const last = i32.sub(end, i32.const(3));
        emit(loopWhile(i32.lt(j, last), [written(writer, wide, statement.body), j.set(i32.add(j, i32.const(4)))]));
        for (const k of [0, 1, 2, 3]) {
          const lane = named(real(f32x4.extract(four, k)));
          emit(written(writer, round(1, [[reduction.term, lane]]), [reduction.combine]));
        }
        const rest = round(1, [[statement.name, integer(j)]]);
        emit(loopWhile(i32.lt(j, end), [written(writer, rest, statement.body), j.set(i32.add(j, i32.const(1)))]));
        break;
      }
    }
  }
  return code;
}

/** A loop that combines numbers into a total, in any order. */
interface Reduction {
  readonly name: string;
  /** The statement that combines the total with the number `term`. */
  readonly combine: Statement;
  readonly term: string;
  readonly isSum: boolean;
}

/** A loop as a reduction: its last statement alone has the total, and combines it with one number. Null if it is none. */
function reductionOf({ end, body }: Extract<Statement, { is: 'for' }>): Reduction | null {
  const last = body.at(-1);
  if (last?.is !== 'assign' || (end.is === 'number' && end.value < 8)) return null;
  const { name, value } = last;
  const others = body.slice(0, -1);
  if (others.some((one) => one.is !== 'declare' || !one.isConstant || namesIn(one.value).has(name))) return null;
  if (value.is === 'arithmetic' && value.op === '+' && value.x.is === 'name' && value.x.name === name) {
    if (namesIn(value.y).has(name)) return null;
    const term = 'lane';
    return { name, term, combine: { ...last, value: { ...value, y: { is: 'name', name: term } } }, isSum: true };
  }
  // a maximum names its number several times
  const [term, ...more] = [...namesIn(value)].filter((read) => read !== name);
  const isOwn = others.some((one) => one.is === 'declare' && one.name === term);
  return isOwn && more.length === 0 ? { name, term: term!, combine: last, isSum: false } : null;
}
