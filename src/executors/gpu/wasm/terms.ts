/** @file Writes the terms of a kernel in WebAssembly, for one element or for four at a time. */
import type { Code, Expression } from '../../../wasm/code.ts';
import { i32 } from '../../../wasm/instructions.ts';
import type { NewLocal } from '../../../wasm/module.ts';
import type { Term } from '../text/syntax.ts';
import {
  applied,
  arithmetic,
  asInteger,
  both,
  choice,
  comparison,
  element,
  isUniform,
  literal,
  type Quantity,
  quotient,
  real,
} from './quantities.ts';

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

/** Writes terms at a place of a kernel, where some names are known. */
export interface Terms {
  /** The quantity of a term. */
  quantity(term: Term): Quantity;
  /** A term as an integer that all lanes share. */
  whole(term: Term): I32;
  /** Keeps a quantity in new local variables. */
  kept<Q extends Quantity>(x: Q): Q;
}

/** Makes a writer of terms. `emit` takes the statements that keep parts of a term in local variables. */
export function termsAt(
  { newLocal, addresses, price }: Writer,
  { known, inLoop }: { readonly known: ReadonlyMap<string, Quantity>; readonly inLoop: boolean },
  emit: (code: Code) => void,
): Terms {
  const keep = <T extends 'i32' | 'f32' | 'v128'>(value: Expression<T>): Expression<T> => {
    const own = newLocal(value.type);
    emit(own.set(value));
    return own;
  };
  const kept = (x: Quantity): Quantity => {
    if (x.is === 'literal') return x;
    if (x.is === 'integer') return { ...x, base: keep(x.base) };
    if (x.is === 'real') return real(keep(x.one));
    if (x.is === 'flag') return { ...x, one: keep(x.one) };
    return { ...x, lanes: keep(x.lanes) };
  };

  /** The quantity of a term; an integer if it is the `place` of an element. */
  const quantity = (term: Term, isPlace: boolean): Quantity => {
    switch (term.is) {
      case 'number':
        return literal(term.value);
      case 'name': {
        const found = known.get(term.name);
        if (found === undefined) throw new Error(`a kernel reads ${term.name}, which it does not declare`);
        return isPlace ? asInteger(found) : found;
      }
      case 'element': {
        const array = addresses.get(term.array);
        if (array === undefined) throw new Error(`a kernel reads ${term.array}, which is no argument`);
        const { value, isGather } = element(array, quantity(term.at, true), kept);
        if (isGather && inLoop) price.gathers++;
        return isPlace ? kept(asInteger(value)) : value;
      }
      case 'arithmetic':
        return arithmetic(term.op, quantity(term.x, isPlace), quantity(term.y, isPlace));
      case 'condition': {
        const [x, y] = [quantity(term.x, false), quantity(term.y, false)];
        return term.op === '&&' ? both(x, y) : comparison(term.op, x, y);
      }
      case 'choice': {
        const condition = kept(quantity(term.condition, false));
        return choice(condition, quantity(term.x, isPlace), quantity(term.y, isPlace), isPlace);
      }
      case 'call': {
        const args = term.args.map((arg) => kept(quantity(arg, false)));
        if (term.of !== 'quotient') return applied(term.of, args);
        const [x, divisor] = args as [Quantity, Quantity & { readonly is: 'literal' }];
        const result = quotient(x, divisor.value);
        if (result === null) throw new NotVector();
        return result;
      }
    }
  };

  return {
    kept: kept as Terms['kept'],
    quantity: (term) => quantity(term, false),
    whole(term) {
      const own = asInteger(quantity(term, false));
      if (own.is !== 'integer' || !isUniform(own)) throw new NotVector();
      const { base, offsets } = own;
      return keep(offsets[0] === 0 ? base : i32.add(base, i32.const(offsets[0]!)));
    },
  };
}
