/** @file Lists the primitives that a program applies, on shapes alone: the numbers of its inputs are not read. */
import { fail } from '../../tensor/errors.ts';
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Executor, Value } from '../../tensor/value.ts';
import type { Layout, Settings } from '../case.ts';
import type { Program } from '../program.ts';

/** An operand: an input by name, the result of an earlier step by its place, or numbers that the program has itself. */
export type Ref =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'step'; readonly at: number }
  | { readonly kind: 'constant'; readonly shape: Shape; readonly data: Float64Array };

/** One applied primitive. */
export interface Step {
  readonly name: PrimitiveName;
  readonly params: unknown;
  readonly operands: readonly Ref[];
  readonly shape: Shape;
}

/** A program as steps, in the order of its run, and where its outputs are. Steps that no output needs are left out. */
export interface Trace {
  readonly steps: readonly Step[];
  readonly outputs: Readonly<Record<string, Ref>>;
}

/** Primitives whose result is their operand: they mark values for other executors. */
const marks: readonly string[] = ['site', 'stored', 'stopGradient'];

const isSame = ({ name }: { readonly name: string }, params: unknown): boolean =>
  marks.includes(name) || (name === 'sum' && (params as { readonly axes: readonly number[] }).axes.length === 0);

/** Traces a program on inputs of the shapes of a layout; `where` begins messages. Throws an InputError where the program reads numbers of its inputs. */
export function traceOf(
  where: string,
  program: Program<Settings>,
  { inputs, settings }: Pick<Layout, 'inputs' | 'settings'>,
): Trace {
  const steps: Step[] = [];
  const self: Executor<Ref> = {
    name: 'trace',
    order: 0,
    open: true,
    get root() {
      return self as Executor;
    },
    input: (data, shape) => ({ kind: 'constant', shape, data }),
    constant: (data, shape) => ({ kind: 'constant', shape, data }),
    read: (x) => {
      if (x.kind !== 'constant')
        fail(
          `${where}: its program depends on the numbers of its inputs, so it is no fixed reference; take another operator`,
        );
      return x.data;
    },
    run(primitive, xs, params, shape) {
      const operands = (xs as readonly Value<Ref>[]).map(({ data }) => data);
      if (isSame(primitive, params)) return operands[0]!;
      steps.push({ name: primitive.name as PrimitiveName, params, operands, shape });
      return { kind: 'step', at: steps.length - 1 };
    },
  };
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, below }]): [string, Value] => [
      name,
      {
        shape,
        kind: below === undefined ? 'real' : 'index',
        on: self as Executor,
        data: { kind: 'input', name } satisfies Ref,
      },
    ]),
  );
  const outputs = Object.entries(program(values, settings)).map(([name, { data }]): [string, Ref] => [
    name,
    data as Ref,
  ]);
  return inOrder(steps, Object.fromEntries(outputs));
}

/** The operands of a step that are results of steps, by their places. */
const stepsIn = (refs: readonly Ref[]): number[] => refs.flatMap((one) => (one.kind === 'step' ? [one.at] : []));

/** Leaves out steps that no output needs, and moves each reshape to the step that it reshapes: loops then end with their rows in shape. */
function inOrder(steps: readonly Step[], outputs: Trace['outputs']): Trace {
  const used = new Set(stepsIn(Object.values(outputs)));
  for (let at = steps.length - 1; at >= 0; at--)
    if (used.has(at)) for (const one of stepsIn(steps[at]!.operands)) used.add(one);
  const reshapes = new Map<number, number[]>();
  const order: number[] = [];
  const kept = [...used].sort((a, b) => a - b);
  const isReshape = (at: number): boolean => steps[at]!.name === 'reshape' && steps[at]!.operands[0]!.kind === 'step';
  for (const at of kept.filter(isReshape)) {
    const [of] = stepsIn(steps[at]!.operands) as [number];
    reshapes.set(of, [...(reshapes.get(of) ?? []), at]);
  }
  const place = (at: number): void => {
    order.push(at);
    for (const one of reshapes.get(at) ?? []) place(one);
  };
  for (const at of kept) if (!isReshape(at)) place(at);
  const places = new Map(order.map((at, i) => [at, i]));
  const moved = (one: Ref): Ref => (one.kind === 'step' ? { kind: 'step', at: places.get(one.at)! } : one);
  return {
    steps: order.map((at) => ({ ...steps[at]!, operands: steps[at]!.operands.map(moved) })),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, one]) => [name, moved(one)])),
  };
}
