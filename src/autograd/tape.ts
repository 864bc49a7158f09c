/** @file The gradient tape: an executor that runs each primitive on the outer executors and records it for the backward pass. */
import { reapply } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { makeValue } from '../tensor/make.ts';
import { zerosLike } from '../tensor/operand.ts';
import type { Cotangents, Primitive } from '../tensor/primitive.ts';
import { type SliceParams, slicePrimitive } from '../tensor/primitives/slice.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { type Accumulator, accumulator } from './cotangents.ts';

/** Tape data of a value: its primal on an outer executor, and its position on the tape (−1 for a constant). */
export interface Taped {
  readonly primal: Value;
  readonly at: number;
}

/** One recorded primitive: the positions of its operands, and the data for its VJP. */
interface Step {
  readonly parents: readonly number[];
  readonly primitive: Primitive | null;
  readonly params: unknown;
  readonly xs: readonly Value[];
  readonly out: Value;
}

/** Several primitives recorded as one, with several results and one pullback. A checkpoint is one. */
interface Call {
  readonly parents: readonly number[];
  /** Results. Their positions follow that of the call itself. */
  readonly results: readonly Value[];
  readonly pullback: (cts: readonly Value[]) => Cotangents;
}

/** Tape: an executor that can also run backward and be closed. */
export interface Tape extends Executor<Taped> {
  /**
   * True while the tape records. It is a plain field: V8 would keep the steps in memory until a full collection if a getter closed
   * over them.
   */
  open: boolean;
  /** Puts a value of an outer executor on the tape as an input of the derivative. */
  watch(primal: Value): Value<Taped>;
  /** Records a call with several results. */
  call(call: Omit<Call, 'parents'>, operands: readonly Value[]): Value<Taped>[];
  /** Computes the cotangents of the wanted values from those of results. They are null where no gradient flows. */
  backward(seeds: readonly (readonly [Value, Value])[], wanted: readonly Value[]): (Value | null)[];
  /** Number of recorded steps. Each keeps its operands and result in memory. */
  remembered(): number;
  /** Ends recording. Values of this tape are unusable afterwards. */
  end(): void;
}

// This number orders tapes by age: of two tapes in one operation, the younger is the inner one.
let tapesMade = 0;

/** Creates a tape over the executors whose numbers live on `root`. */
export function tape(root: Executor): Tape {
  const order = ++tapesMade;
  const steps: (Step | Call)[] = [];

  const put = (step: Step | Call): number => steps.push(step) - 1;
  const taped = (primal: Value, at: number): Value<Taped> => makeValue(self, primal.shape, primal.kind, { primal, at });
  const primalOf = (x: Value): Value => (x.on === self ? (x.data as Taped).primal : x);
  const placeOf = (x: Value): number => (x.on === self ? (x.data as Taped).at : -1);
  const source = (primal: Value): Step => ({ parents: [], primitive: null, params: null, xs: [], out: primal });

  const self: Tape = {
    name: `tape on ${root.name}`,
    root,
    order,
    open: true,
    input: () => fail('tape: a tape has no inputs of its own; make the value on f64 and pass it to grad or vjp'),
    constant: () => fail('tape: a tape has no constants of its own; make the value on its root executor'),
    read: ({ primal }) => primal.on.read(primal.data),
    run(primitive, xs, params, shape) {
      let live = false;
      const parents = new Array<number>(xs.length);
      const primals = new Array<Value>(xs.length);
      for (let i = 0; i < xs.length; i++) {
        const x = xs[i]!;
        parents[i] = placeOf(x);
        primals[i] = primalOf(x);
        live ||= parents[i]! >= 0;
      }
      const out = reapply(primitive, primals, params, shape);
      return { primal: out, at: live ? put({ parents, primitive, params, xs: primals, out }) : -1 };
    },
    watch: (primal) => taped(primal, put(source(primal))),
    call({ results, pullback }, operands) {
      put({ parents: operands.map(placeOf), results, pullback });
      return results.map((primal) => taped(primal, put(source(primal))));
    },
    backward(seeds, wanted) {
      const cotangents = accumulator(steps.length);
      for (const [x, ct] of seeds) if (placeOf(x) >= 0) cotangents.add(placeOf(x), ct);
      const found = new Map<number, Value | null>(wanted.map((x) => [placeOf(x), null]));
      for (let at = steps.length - 1; at >= 0; at--) {
        const step = steps[at]!;
        // every use of a step comes after it, so its cotangent is complete here
        if ('pullback' in step) pullBackCall(step, at, cotangents);
        else if (cotangents.has(at)) {
          if (found.has(at)) found.set(at, cotangents.peek(at, step.out));
          if (step.primitive !== null) pullBackStep(step, at, cotangents);
        }
      }
      return wanted.map((x) => found.get(placeOf(x)) ?? null);
    },
    remembered: () => steps.length,
    end() {
      self.open = false;
    },
  };
  return self;
}

function pullBackStep(step: Step, at: number, cotangents: Accumulator): void {
  const ct = cotangents.take(at, step.out);
  if (ct === null) return;
  const { primitive, params, xs, parents } = step;
  if (primitive === slicePrimitive) {
    cotangents.addPart(parents[0]!, ct, params as SliceParams);
    return;
  }
  const needs = new Array<boolean>(parents.length);
  for (let i = 0; i < needs.length; i++) needs[i] = parents[i]! >= 0;
  const cts = primitive!.vjp(ct, step.out, xs, params, needs);
  for (let i = 0; i < parents.length; i++) if (needs[i] && cts[i]) cotangents.add(parents[i]!, cts[i]!);
}

function pullBackCall(call: Call, at: number, cotangents: Accumulator): void {
  const cts = call.results.map((result, i) => cotangents.take(at + 1 + i, result));
  if (cts.every((ct) => ct === null)) return;
  const back = call.pullback(cts.map((ct, i) => ct ?? zerosLike(call.results[i]!)));
  call.parents.forEach((parent, i) => {
    if (parent >= 0 && back[i]) cotangents.add(parent, back[i]!);
  });
}
