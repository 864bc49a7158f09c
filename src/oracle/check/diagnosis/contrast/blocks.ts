/** @file Answers a sequence in blocks, as programs do that lose the state or its gradient between blocks. */
import { axisOf, growingAxis, hasStates, isState } from '../../../axes.ts';
import type { Case, Tensor, Tensors } from '../../../case.ts';
import type { Numbers } from '../../../compare.ts';
import type { Operator } from '../../../operator.ts';
import { lengthsOf } from '../resized.ts';
import { tensorOf } from '../where.ts';
import type { OtherAnswer, Subject } from './other-answer.ts';

/** The state with which a block begins, and the cotangent of the state with which it ends. */
type Joint = 'zeros' | 'given' | 'cut';

/** Yields answers in blocks: of the chunk size, and of the length `block`. */
export function* blocks({ operator, mode, right }: Subject, c: Case, block: number | null): Generator<OtherAnswer> {
  const t = lengthsOf(operator, c).t ?? 0;
  const growing = Object.keys(c.cotangents).some((name) => growingAxis(operator, name) !== undefined);
  if (!hasStates(operator) || growing) return;
  const { chunkSize } = c.settings;
  const chunk = mode === 'chunkwise' && typeof chunkSize === 'number' ? chunkSize : null;
  const sizes: [string, number][] = [
    ...(chunk === null ? [] : ([['every chunk', chunk]] as [string, number][])),
    ...(block === null ? [] : ([[`every ${block} tokens`, block]] as [string, number][])),
  ];
  for (const [what, size] of sizes) {
    if (size < 1 || size >= t) continue;
    const asked = (says: string, joint: Joint): OtherAnswer => ({
      says,
      numbers: () => inBlocks(operator, mode, right, c, { t, size, joint }),
    });
    yield asked(`as if the state became zeros after ${what}`, 'zeros');
    yield asked(`as if the state became the given one again after ${what}`, 'given');
    yield asked(`as if no gradient went through the state after ${what}`, 'cut');
  }
}

function inBlocks(
  operator: Operator,
  mode: string,
  right: Subject['right'],
  c: Case,
  { t, size, joint }: { readonly t: number; readonly size: number; readonly joint: Joint },
): Numbers | null {
  const answers: { readonly c: Case; readonly numbers: Numbers }[] = [];
  for (let start = 0; start < t; start += size) {
    const before = answers.at(-1)?.numbers;
    const part = partOf(operator, c, { start, end: Math.min(t, start + size), t }, joint, before);
    if (!operator.admits(part.settings, mode)) return null;
    answers.push({ c: part, numbers: right(part) });
  }
  return joined(operator, c, answers, t);
}

/** Tokens from `start` to before `end`, of `t`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly t: number;
}

/** Some tokens of a case, with the states that a joint gives them. */
export function partOf(operator: Operator, c: Case, span: Span, joint: Joint, before: Numbers | undefined): Case {
  const { start, end, t } = span;
  const along = (side: 'inputs' | 'outputs', tensors: Tensors, state: (x: Tensor, name: string) => Tensor): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => {
        const axis = axisOf(operator, 'time', side, name);
        if (axis !== undefined) return [name, tokens(x, axis, start, end)];
        if (operator.positions?.includes(name)) return [name, { ...x, data: x.data.map((p) => p + start) }];
        return [name, isState(operator, name) ? state(x, name) : x];
      }),
    );
  const zeros = (x: Tensor): Tensor => ({ ...x, data: x.data.map(() => 0) });
  const begin = (x: Tensor, name: string): Tensor => {
    if (before === undefined || joint === 'given') return x;
    return joint === 'zeros' ? zeros(x) : { ...x, data: before[`out/${name}`]! };
  };
  return {
    ...c,
    inputs: along('inputs', c.inputs, begin),
    cotangents: along('outputs', c.cotangents, (x) => (end === t ? x : zeros(x))),
    settings: start === 0 ? c.settings : operator.after(c.settings, start),
  };
}

function tokens(x: Tensor, axis: number, start: number, end: number): Tensor {
  const after = x.shape.slice(axis + 1).reduce((product, one) => product * one, 1);
  const long = x.shape[axis]! * after;
  const rows = Array.from({ length: x.data.length / long }, (_, row) =>
    x.data.subarray(row * long + start * after, row * long + end * after),
  );
  const data = new Float64Array(rows.length * (end - start) * after);
  for (const [row, one] of rows.entries()) data.set(one, row * one.length);
  return { ...x, shape: x.shape.with(axis, end - start), data };
}

/** Puts the answers of blocks together: outputs in order, the last state, the first state's gradient, sums of other gradients. */
function joined(
  operator: Operator,
  c: Case,
  parts: readonly { readonly c: Case; readonly numbers: Numbers }[],
  t: number,
): Numbers {
  const [first, last] = [parts[0]!.numbers, parts.at(-1)!.numbers];
  const entries = Object.keys(first).map((tensor): [string, Float64Array] => {
    const { side, name } = tensorOf(tensor);
    const axis = axisOf(operator, 'time', side, name);
    if (axis === undefined) {
      if (side === 'outputs') return [tensor, last[tensor]!];
      if (isState(operator, name)) return [tensor, first[tensor]!];
      return [tensor, first[tensor]!.map((_, i) => parts.reduce((sum, { numbers }) => sum + numbers[tensor]![i]!, 0))];
    }
    const { shape } = (side === 'inputs' ? c.inputs : c.cotangents)[name]!;
    const after = shape.slice(axis + 1).reduce((product, one) => product * one, 1);
    const data = new Float64Array(shape.reduce((product, one) => product * one, 1));
    let start = 0;
    for (const { numbers } of parts) {
      const own = numbers[tensor]!;
      const rows = data.length / (t * after);
      const long = own.length / rows;
      for (let row = 0; row < rows; row++) {
        data.set(own.subarray(row * long, (row + 1) * long), row * t * after + start * after);
      }
      start += long / after;
    }
    return [tensor, data];
  });
  return Object.fromEntries(entries);
}
