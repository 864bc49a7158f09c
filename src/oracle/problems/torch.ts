/** @file Prints a trace as functions of PyTorch, in the precision of their operands: a line for each primitive, with one loop where steps repeat. */
import type { ParamsOf, PrimitiveName } from '../../tensor/primitives/index.ts';
import type { SliceParams } from '../../tensor/primitives/slice.ts';
import type { Shape } from '../../tensor/shape.ts';
import { isWhole, loopIn } from './loop.ts';
import type { Ref, Trace } from './trace.ts';

/** The text of a primitive's result. `at` is the text of a slice's first place, which may move with the turns of a loop. */
type Printed<N extends PrimitiveName> = (
  operands: readonly string[],
  params: ParamsOf<N>,
  shape: Shape,
  at: string,
) => string;

const infix =
  (sign: string) =>
  ([x, y]: readonly string[]): string =>
    `${x} ${sign} ${y}`;
const call =
  (name: string) =>
  (operands: readonly string[]): string =>
    `${name}(${operands.join(', ')})`;
const list = (numbers: readonly number[]): string => `[${numbers.join(', ')}]`;

const printed: { readonly [N in PrimitiveName]: Printed<N> } = {
  add: infix('+'),
  mul: infix('*'),
  div: infix('/'),
  scale: ([x], { by }) => `${x} * ${numberText(by)}`,
  equal: ([x, y]) => `(${x} == ${y}).to(REAL)`,
  reciprocal: ([x]) => `1 / ${x}`,
  rsqrt: call('torch.rsqrt'),
  abs: call('torch.abs'),
  exp: call('torch.exp'),
  expm1: call('torch.expm1'),
  log: call('torch.log'),
  sigmoid: call('torch.sigmoid'),
  erf: call('torch.erf'),
  erfc: call('torch.erfc'),
  cos: call('torch.cos'),
  sin: call('torch.sin'),
  sign: call('torch.sign'),
  softplus: ([x]) => `torch.logaddexp(${x}, torch.zeros_like(${x}))`,
  maximum: call('torch.maximum'),
  minimum: call('torch.minimum'),
  phi: ([x], { order }) => `phi(${x}, ${order})`,
  site: ([x]) => x!,
  stored: ([x]) => x!,
  stopGradient: ([x]) => x!,
  select: ([mask, x, y]) => `torch.where(${mask} != 0, ${x}, ${y})`,
  reshape: ([x], _, shape) => `${x}.reshape(${list(shape)})`,
  broadcast: ([x], _, shape) => `${x}.expand(${list(shape)})`,
  transpose: ([x], { order }) => `${x}.permute(${list(order)})`,
  slice: ([x], { axis, start, stop }, _, at) => `${x}.narrow(${axis}, ${at}, ${stop - start})`,
  pad: ([x], { axis, before, after }, shape) =>
    `torch.nn.functional.pad(${x}, ${list([...new Array<number>(2 * (shape.length - axis - 1)).fill(0), before, after])})`,
  concat: (operands, { axis }) => `torch.cat([${operands.join(', ')}], ${axis})`,
  sum: ([x], { axes }) => `${x}.sum(${list(axes)})`,
  maxReduce: ([x], { axis }) => `${x}.amax(${axis})`,
  einsum: (operands, { spec }) => `torch.einsum('${spec}', ${operands.join(', ')})`,
  linearScan: ([a, b, h], { axis, reverse }) => `scan(${a}, ${b}, ${h}, ${axis}, ${reverse ? 'True' : 'False'})`,
  causalConvolution: ([x, k], { axis, reverse }) => `convolve(${x}, ${k}, ${axis}, ${reverse ? 'True' : 'False'})`,
  gather: ([table, index], { batchAxes }) => `gather(${table}, ${index}, ${batchAxes})`,
  scatterAdd: ([x, index], { rows, batchAxes }) => `scatter_add(${x}, ${index}, ${rows}, ${batchAxes})`,
};

/** Functions that some primitives need, in Python. */
const helpers: Readonly<Record<string, string>> = {
  scan: `def scan(a, b, h, axis, reverse):
    """h_t = a_t h_{t-1} + b_t along an axis; in reverse h_t = a_t h_{t+1} + b_t."""
    rows, order = [None] * b.shape[axis], range(b.shape[axis])
    for t in reversed(order) if reverse else order:
        h = a.select(axis, t) * h + b.select(axis, t)
        rows[t] = h
    return torch.stack(rows, axis) if rows else b`,
  convolve: `def convolve(x, k, axis, reverse):
    """y_t = sum over s <= t of k_{t-s} x_s along an axis; in reverse over s >= t of k_{s-t} x_s."""
    x, k, n = x.movedim(axis, -1), k.movedim(axis, -1), x.shape[axis]
    x = x.flip(-1) if reverse else x
    y = sum(torch.nn.functional.pad(x[..., : n - j], [j, 0]) * k[..., j : j + 1] for j in range(n))
    return (y.flip(-1) if reverse else y).movedim(-1, axis)`,
  phi: `def phi(z, order):
    """The sum over j of z^j / (j + order)!"""
    series = sum(z**j / math.factorial(j + order) for j in range(40))
    far = torch.where(z == 0, torch.ones_like(z), z)
    y = torch.expm1(far) / far
    if order == 1:
        return torch.where(z == 0, torch.ones_like(z), y)
    for k in range(1, order):
        y = (y - 1 / math.factorial(k)) / far
    return torch.where(z.abs() < order, series, y)`,
  gather: `def gather(table, index, batch_axes):
    """Rows of a table by index; both share their first axes."""
    index, shape, shared = index.long(), index.shape, math.prod(index.shape[:batch_axes])
    rows = table.reshape(shared, -1, *table.shape[batch_axes + 1 :])
    place = torch.arange(shared, device=index.device)[:, None]
    return rows[place, index.reshape(shared, -1)].reshape(*shape, *table.shape[batch_axes + 1 :])`,
  scatter_add: `def scatter_add(x, index, rows, batch_axes):
    """Adds rows of x into a table of zeros by index; both share their first axes."""
    index, shared, width = index.long(), math.prod(index.shape[:batch_axes]), x.shape[index.dim() :]
    table = torch.zeros(shared * rows, *width, dtype=x.dtype, device=x.device)
    place = rows * torch.arange(shared, device=x.device)[:, None] + index.reshape(shared, -1)
    table.index_add_(0, place.reshape(-1), x.reshape(-1, *width))
    return table.reshape(*index.shape[:batch_axes], rows, *width)`,
};

/** A number as Python reads it again: the shortest text of that double. */
export const numberText = (x: number): string =>
  Number.isNaN(x) ? 'math.nan' : Number.isFinite(x) ? `${x}` : x < 0 ? '-math.inf' : 'math.inf';

/** Numbers with a shape, in Python: in few words where they are equal, or ones below a diagonal. */
function constantText(shape: Shape, data: Float64Array): string {
  const made = ', dtype=REAL, device=device)';
  if (data.length > 0 && data.every((x) => Object.is(x, data[0])))
    return `torch.full(${list(shape)}, ${numberText(data[0]!)}${made}`;
  const columns = shape.at(-1) ?? 1;
  const isLower = data.every((x, i) => x === (i % columns <= Math.floor(i / columns) ? 1 : 0));
  if (shape.length === 2 && isLower) return `torch.ones(${list(shape)}${made}.tril()`;
  return `torch.tensor([${[...data].map(numberText).join(', ')}]${made}${shape.length === 1 ? '' : `.reshape(${list(shape)})`}`;
}

/** An identifier of Python for an input or output. */
export const identifierOf = (name: string): string => name.replace(/^param\./, '').replaceAll(/\W/g, '_');

/**
 * The function `reference` in Python, which computes the named outputs of a trace as a tuple, in float64 from inputs in float64, and the functions that it calls.
 * It needs `import math` and `import torch`.
 */
export function torchOf(trace: Trace, inputs: readonly string[], outputs: readonly string[]): string {
  const { steps } = trace;
  const loop = loopIn(trace);
  const constants = new Map<string, string>();
  const constantOf = (shape: Shape, data: Float64Array): string => {
    const text = constantText(shape, data);
    if (!constants.has(text)) constants.set(text, `c${constants.size + 1}`);
    return constants.get(text)!;
  };
  const nameOf = (at: number): string => {
    if (loop === undefined || at < loop.start) return `x${at + 1}`;
    const inLoop = at - loop.start;
    return inLoop >= loop.turns * loop.length
      ? `x${at + 1 - (loop.turns - 1) * loop.length}`
      : `x${loop.start + (inLoop % loop.length) + 1}`;
  };
  const textOf = (ref: Ref): string =>
    ref.kind === 'step'
      ? nameOf(ref.at)
      : ref.kind === 'input'
        ? identifierOf(ref.name)
        : constantOf(ref.shape, ref.data);
  const lineOf = (at: number, operands: readonly string[], move = 0): string => {
    const { name, params, shape } = steps[at]!;
    const print = printed[name] as Printed<PrimitiveName>;
    const start = name === 'slice' ? (params as SliceParams).start : 0;
    const by = move === 1 ? 'turn' : `${move} * turn`;
    const first = move === 0 ? `${start}` : start === 0 ? by : `${start} + ${by}`;
    return `${nameOf(at)} = ${print(operands, params as never, shape, first)}`;
  };
  const body: string[] = [];
  const collectedIn = (operands: readonly Ref[]): string[] => {
    const texts: string[] = [];
    for (let i = 0; i < operands.length; i++) {
      const one = operands[i]!;
      const place = loop !== undefined && one.kind === 'step' ? one.at - loop.start : -1;
      if (loop?.collected.has(place) === true && isWhole(operands, i, loop.start + place, loop.length, loop.turns)) {
        texts.push(`*rows${loop.start + place + 1}`);
        i += loop.turns - 1;
      } else texts.push(textOf(one));
    }
    return texts;
  };
  const straight = (from: number, to: number): void => {
    for (let at = from; at < to; at++) body.push(lineOf(at, collectedIn(steps[at]!.operands)));
  };
  straight(0, loop?.start ?? steps.length);
  if (loop !== undefined) {
    const { start, length, turns, moves, carried, collected } = loop;
    const before = (place: number): string => `before${start + place + 1}`;
    for (const [place, ref] of carried) body.push(`${before(place)} = ${textOf(ref)}`);
    for (const place of collected) body.push(`rows${start + place + 1} = []`);
    body.push(`for turn in range(${turns}):`);
    for (let place = 0; place < length; place++) {
      // the second turn shows what comes from the turn before
      const operands = steps[start + length + place]!.operands.map((ref) =>
        ref.kind === 'step' && ref.at >= start && ref.at < start + length ? before(ref.at - start) : textOf(ref),
      );
      body.push(`    ${lineOf(start + place, operands, moves.get(place))}`);
    }
    for (const place of collected) body.push(`    rows${start + place + 1}.append(${nameOf(start + place)})`);
    for (const place of carried.keys()) body.push(`    ${before(place)} = ${nameOf(start + place)}`);
    straight(start + turns * length, steps.length);
  }
  const results = outputs.map((name) => textOf(trace.outputs[name]!));
  const names = inputs.map(identifierOf);
  const lines = [
    ...(constants.size > 0 ? [`device = ${names[0]}.device`] : []),
    ...[...constants].map(([text, name]) => `${name} = ${text}`),
    ...body,
    `return ${results.join(', ')}${results.length === 1 ? ',' : ''}`,
  ];
  const used = Object.entries(helpers).filter(([name]) => body.some((line) => line.includes(` ${name}(`)));
  return [
    'REAL = torch.float64',
    ...used.map(([, text]) => `\n\n${text}`),
    `\n\ndef reference(${names.join(', ')}):\n${lines.map((line) => `    ${line}`).join('\n')}`,
  ].join('\n');
}
