/** @file Writes the statements of a kernel in WebAssembly, for one element or for four at a time. */
import type { Code, Expression } from '../../../wasm/code.ts';
import { loop, loopWhile, when } from '../../../wasm/control.ts';
import { f32, f32x4, i32, v128 } from '../../../wasm/instructions.ts';
import type { NewLocal } from '../../../wasm/module.ts';
import { namesIn, type Statement } from '../text/syntax.ts';
import { asMask, asReal, asReals, choice, integer, literal, type Quantity, real, reals } from './quantities.ts';
import { NotVector, termsAt, type Writer } from './terms.ts';

/** A variable of the text, which a `let` declares. All are f32. */
interface Variable {
  readonly value: Quantity;
  set(x: Quantity): Code;
}

/** The names known at a place, and how the elements there are written. */
export interface Scope {
  readonly lanes: 1 | 4;
  readonly known: Map<string, Quantity>;
  readonly variables: Map<string, Variable>;
  /** The lanes that take part, if some do not. */
  readonly mask: Extract<Quantity, { is: 'mask' }> | null;
  /** The number of `if`s around. */
  readonly depth: number;
  readonly inLoop: boolean;
  /** Address of the first element that is written. */
  readonly place: Expression<'i32'>;
}

function newVariable(newLocal: NewLocal, lanes: 1 | 4): Variable {
  if (lanes === 1) {
    const own = newLocal('f32');
    return { value: real(own), set: (x) => own.set(asReal(x)) };
  }
  const own = newLocal('v128');
  return { value: reals(own), set: (x) => own.set(asReals(x)) };
}

type For = Extract<Statement, { is: 'for' }>;
type If = Extract<Statement, { is: 'if' }>;

/** Writes statements in order. */
export function written(writer: Writer, scope: Scope, statements: readonly Statement[]): Code {
  const code: Code[] = [];
  const emit = (one: Code): void => void code.push(one);
  const { quantity, whole, kept } = termsAt(writer, scope, emit);
  const { known, variables, lanes, mask } = scope;

  const branch = ({ condition: term, body }: If): void => {
    const condition = quantity(term);
    if (condition.is === 'flag') {
      const inner: Scope = { ...scope, known: new Map(known), depth: scope.depth + 1 };
      emit(when(condition.one, written(writer, inner, body)));
      return;
    }
    const both = mask === null ? asMask(condition) : v128.and(mask.lanes, asMask(condition));
    const inner = kept({ is: 'mask' as const, lanes: both });
    emit(written(writer, { ...scope, known: new Map(known), mask: inner }, body));
  };

  const repeat = ({ name, end: term, body }: For): void => {
    if (body.some(({ is }) => is === 'return')) throw new Error('a kernel returns from inside a loop');
    const end = whole(term);
    const j = writer.newLocal('i32');
    const round = (ownLanes: 1 | 4, more: readonly (readonly [string, Quantity])[]): Scope => ({
      ...scope,
      lanes: ownLanes,
      known: new Map([...known, ...more]),
      variables: new Map(variables),
      inLoop: true,
    });
    const one = round(lanes, [[name, integer(j)]]);
    const reduction = writer.along && lanes === 1 ? reductionOf({ is: 'for', name, end: term, body }) : null;
    if (reduction === null) {
      emit(loop(j, i32.const(0), end, 1, written(writer, one, body)));
      return;
    }
    const four = newVariable(writer.newLocal, 4);
    emit([j.set(i32.const(0)), four.set(reduction.isSum ? literal(0) : variables.get(reduction.name)!.value)]);
    const wide = round(4, [
      [name, integer(j, [0, 1, 2, 3])],
      [reduction.name, four.value],
    ]);
    wide.variables.set(reduction.name, four);
    const beforeLast = i32.lt(j, i32.sub(end, i32.const(3)));
    emit(loopWhile(beforeLast, [written(writer, wide, body), j.set(i32.add(j, i32.const(4)))]));
    for (const k of [0, 1, 2, 3]) {
      const lane = real(f32x4.extract(asReals(four.value), k));
      emit(written(writer, round(1, [[reduction.term, lane]]), [reduction.combine]));
    }
    emit(loopWhile(i32.lt(j, end), [written(writer, one, body), j.set(i32.add(j, i32.const(1)))]));
  };

  for (const statement of statements) {
    switch (statement.is) {
      case 'declare': {
        const value = quantity(statement.value);
        if (statement.isConstant) known.set(statement.name, kept(value));
        else {
          const variable = newVariable(writer.newLocal, lanes);
          variables.set(statement.name, variable);
          known.set(statement.name, variable.value);
          emit(variable.set(value));
        }
        break;
      }
      case 'assign': {
        const variable = variables.get(statement.name);
        if (variable === undefined) throw new Error(`a kernel assigns ${statement.name}, which is no variable`);
        const value = quantity(statement.value);
        emit(variable.set(mask === null ? value : choice(mask, value, variable.value, false)));
        break;
      }
      case 'return': {
        if (mask !== null) throw new NotVector();
        const value = quantity(statement.value);
        emit(lanes === 1 ? f32.store(scope.place, asReal(value)) : v128.store(scope.place, asReals(value)));
        // leaves the block around the element
        if (scope.depth > 0) emit([0x0c, scope.depth]);
        break;
      }
      case 'if':
        branch(statement);
        break;
      case 'for':
        repeat(statement);
        break;
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
function reductionOf({ end, body }: For): Reduction | null {
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
