/** @file Reduces expressions over axes, by one invocation per result or by workgroups that share the work. */
import { sizeOf, stridesOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { fits } from '../fusion/policy.ts';
import type { Workgroup } from '../text/kernel.ts';
import { type Axis, loopsOver, merged, placesOf, plus } from '../text/places.ts';
import { pointwise, scriptOf } from '../text/script.ts';
import { mostElementsOn, type Target } from '../text/target.ts';
import { dense, readsIn } from '../values/expression.ts';
import type { Expression, Place, Read, Resident } from '../values/numbers.ts';
import { arranged } from '../values/views.ts';
import { joinedParts } from './splits.ts';

/** A reduction: text that combines a total with an element, and the identity as the bits of an f32. */
export interface Reduction {
  readonly name: string;
  readonly combine: (total: string, x: string) => string;
  /** The body of the same function in WGSL. */
  readonly wgsl: string;
  readonly identity: string;
}

export const sums: Reduction = {
  name: 'sum',
  combine: (total, x) => `${total} + ${x}`,
  wgsl: 'return total + x;',
  identity: '0u',
};

export const maxima: Reduction = {
  name: 'max',
  // total + x where neither is larger, so that NaN propagates
  combine: (total, x) => `${x} > ${total} ? ${x} : (${total} >= ${x} ? ${total} : ${total} + ${x})`,
  wgsl: 'if (x > total) { return x; } if (total >= x) { return total; } return total + x;',
  identity: '0xff800000u',
};

/** Fewest elements per result for which a workgroup shares the work. */
const fewestReduced = 16;
/** Most partial results per result. The kernels that read the result combine them. */
const mostSplits = 16;
const threads = 256;
/** Most numbers of the innermost axis that one invocation adds to a total one after another. */
const mostInTurn = 1024;
/** Number of workgroups that keeps a large device busy. */
const workgroupsWanted = 528;

/** Reduces an expression over some axes. The result has the other axes. */
export function reduced(fuser: Fuser, node: Expression, over: ReadonlySet<number>, how: Reduction): Expression {
  const axes = node.shape.map((_, axis) => axis);
  const remaining = axes.filter((axis) => !over.has(axis));
  const reducedAxes = axes.filter((axis) => over.has(axis));
  if (reducedAxes.length === 0) return node;
  const lengths = (of: readonly number[]): number[] => of.map((axis) => node.shape[axis]!);
  const shape = lengths(remaining);
  const count = sizeOf(lengths(reducedAxes));
  if (!fuser.target.workgroups || count < fewestReduced)
    return dense(byInvocations(fuser, node, remaining, reducedAxes, how), shape);
  const order = [...remaining, ...reducedAxes];
  const rows = arranged(node, order, lengths(order));
  const sharing = sharingOf(sizeOf(shape), count, over.has(node.shape.length - 1), fuser.target);
  return byWorkgroups(fuser, rows, shape, sharing, how);
}

function byInvocations(
  fuser: Fuser,
  node: Expression,
  remaining: readonly number[],
  reducedAxes: readonly number[],
  how: Reduction,
) {
  const script = fuser.script(node);
  const along = (axes: readonly number[]) =>
    axes.map((axis) => ({ length: node.shape[axis]!, steps: script.forms.map(({ steps }) => steps[axis]!) }));
  const { setup, offsets } = placesOf(merged(along(remaining)), script.forms.length);
  const starts = offsets.map((offset, k) => `const b${k} = ${plus(offset, script.forms[k]!.start)};`);
  const bases = offsets.map((_, k) => `b${k}`);
  const loops = merged(along(reducedAxes));
  // if no affine form exists, merging would lose the lengths of the loops
  const over =
    script.forms.length === 0 ? [{ length: sizeOf(reducedAxes.map((axis) => node.shape[axis]!)), steps: [] }] : loops;
  const isSum = how.name === 'sum';
  const combined =
    (total: string, prefix?: string) =>
    (at: readonly string[]): string => {
      const { lines, result } = script.write(at, prefix);
      return `${lines}\n${total} = ${how.combine(total, result)};`;
    };
  const length = sizeOf(over.map((axis) => axis.length));
  const body = isSum && length > mostInTurn ? sumInParts(over, bases, combined) : loopsOver(over, bases, combined('s'));
  // this text has no identity for the maximum, so it starts from the first element
  const first = isSum ? { lines: '', result: '0' } : script.write(bases, 'b');
  const text = `${setup}\n${starts.join(' ')}\n${first.lines}\nlet s = ${first.result};\n${body}\nreturn s;`;
  return fuser.launch(sizeOf(remaining.map((axis) => node.shape[axis]!)), script.operands, text);
}

/**
 * Writes a long sum as a sum of parts, along its innermost axis. Numbers added in turn to one total lost 0.01 % of it where they were two
 * million.
 */
function sumInParts(
  axes: readonly Axis[],
  starts: readonly string[],
  combined: (total: string, prefix?: string) => (at: readonly string[]) => string,
): string {
  const { length, steps } = axes.at(-1)!;
  const outer = axes.slice(0, -1);
  const each = Math.min(length, mostInTurn);
  const parts = Math.floor(length / each);
  const within = [...outer, { length: parts, steps: steps.map((step) => step * each) }];
  const ofPart = (total: string, count: number, prefix?: string) => (at: readonly string[]) => {
    const inPart = loopsOver([{ length: count, steps }], at, combined(total, prefix), 'm');
    return `let ${total} = 0; ${inPart} s = s + ${total};`;
  };
  const whole = loopsOver(within, starts, ofPart('part', each));
  const rest = length - parts * each;
  if (rest === 0) return whole;
  const after = starts.map((start, x) => plus(start, parts * each * steps[x]!));
  return `${whole}\n${loopsOver(outer, after, ofPart('rest', rest, 'c'), 'l')}`;
}

const powerFrom = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** Number of elements that an invocation reads at a time. */
const atOnce = 4;

/** The division of `results` reductions, of `count` elements each, among workgroups. */
interface Sharing {
  readonly results: number;
  readonly count: number;
  /** Neighbouring invocations read neighbouring elements of one result if true, the same element of neighbouring results if false. */
  readonly along: boolean;
  /** Invocations per result. */
  readonly lanes: number;
  readonly groups: number;
  /** Parts of each reduction, each with workgroups of its own. */
  readonly splits: number;
}

function sharingOf(results: number, count: number, along: boolean, target: Target): Sharing {
  const mostParts = Math.min(results === 1 ? 4 * threads : mostSplits, Math.floor(mostElementsOn(target) / results));
  // 16 elements per invocation if that keeps the device busy, else fewer, at least 4
  const [least, most] = along ? [powerFrom(count / 16), powerFrom(count / 4)] : [8, 32];
  // rows in one part can share a kernel with the expression that reads their results
  const wanted = powerFrom((workgroupsWanted * threads) / (results * (along && results > 1024 ? 1 : mostParts)));
  const lanes = Math.min(threads, most, Math.max(least, wanted));
  const groups = Math.ceil((results * lanes) / threads);
  const parts = Math.min(mostParts, Math.floor(count / (atOnce * lanes)), Math.ceil(workgroupsWanted / groups));
  return { results, count, along, lanes, groups, splits: Math.max(1, parts) };
}

/**
 * Writes the kernel of a sharing. Each invocation reduces its elements. Then the invocations of a result combine theirs by a tree in
 * workgroup memory.
 */
function sharedReduction(
  { results, count, along, lanes, groups, splits }: Sharing,
  how: Reduction,
  isApplied = false,
): Workgroup {
  const perGroup = threads / lanes;
  const chunk = Math.ceil(count / splits);
  const width = Math.min(groups, 32768);
  const own = Array.from({ length: atOnce }, (_, k) => k);
  const applied = [
    '  workgroupBarrier();',
    '  heldTotal = partial[local - lane]; heldPhase = 1.0;',
    `  if (o < ${results}u) {`,
    '    var r = lane;',
    `    for (; r + ${(atOnce - 1) * lanes}u < ${count}u; r += ${atOnce * lanes}u) {`,
    ...own.map((k) => `      let x${k} = element(o * ${count}u + r + ${k * lanes}u);`),
    ...own.map((k) => `      result[o * ${count}u + r + ${k * lanes}u] = x${k};`),
    '    }',
    `    for (; r < ${count}u; r += ${lanes}u) { result[o * ${count}u + r] = element(o * ${count}u + r); }`,
    `    if (lane == 0u) { result[${results * count}u + o] = heldTotal; }`,
    '  }',
  ];
  const wgsl = [
    `var<workgroup> partial : array<f32, ${threads}>;`,
    `var<private> identity : u32 = ${how.identity};`,
    ...(isApplied ? ['var<private> heldTotal : f32;', 'var<private> heldPhase : f32;'] : []),
    `fn combine(total : f32, x : f32) -> f32 { ${how.wgsl} }`,
    `@compute @workgroup_size(${threads})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) local : u32) {',
    along
      ? `  let lane = local % ${lanes}u; let row = local / ${lanes}u;`
      : `  let lane = local / ${perGroup}u; let row = local % ${perGroup}u;`,
    `  let o = (group.x + group.y * ${width}u) * ${perGroup}u + row;`,
    `  let first = group.z * ${chunk}u;`,
    `  let last = min(${count}u, first + ${chunk}u);`,
    '  var total = bitcast<f32>(identity);',
    `  if (o < ${results}u) {`,
    // read several elements before adding the first, so that reads do not wait for one another
    '    var r = first + lane;',
    `    for (; r + ${(atOnce - 1) * lanes}u < last; r += ${atOnce * lanes}u) {`,
    ...own.map((k) => `      let x${k} = element(o * ${count}u + r + ${k * lanes}u);`),
    ...own.map((k) => `      total = combine(total, x${k});`),
    '    }',
    `    for (; r < last; r += ${lanes}u) { total = combine(total, element(o * ${count}u + r)); }`,
    '  }',
    '  partial[local] = total;',
    `  for (var half = ${Math.floor(lanes / 2)}u; half > 0u; half /= 2u) {`,
    '    workgroupBarrier();',
    `    if (lane < half) { partial[local] = combine(partial[local], partial[local + half${along ? '' : ` * ${perGroup}u`}]); }`,
    '  }',
    ...(isApplied
      ? applied
      : [`  if (lane == 0u && o < ${results}u) { result[group.z * ${results}u + o] = partial[local]; }`]),
    '}',
  ].join('\n');
  return { wgsl, groups: [width, Math.ceil(groups / width), splits] };
}

/** Reduces rows of an expression by workgroups. Its first axes are those of `shape`. */
function byWorkgroups(
  fuser: Fuser,
  rows: Expression,
  shape: readonly number[],
  sharing: Sharing,
  how: Reduction,
): Expression {
  const { results, splits } = sharing;
  if (sharing.along && splits === 1) return dense(waitingRows(fuser, rows, sharing, how), shape);
  const script = fuser.script(rows);
  const workgroup = sharedReduction(sharing, how);
  const array = fuser.launch(splits * results, script.operands, pointwise(script, rows.shape), workgroup);
  if (splits > mostSplits) return reduced(fuser, dense(array, [splits]), new Set([0]), how);
  return splits === 1 ? dense(array, shape) : joinedParts(array, shape, splits, how.combine);
}

/**
 * The results of reducing rows, each by one workgroup. The kernel waits until they are read. If the reader is an expression of the same
 * rows, one kernel computes both, and reads each row from memory once.
 */
function waitingRows(fuser: Fuser, rows: Expression, sharing: Sharing, how: Reduction): Resident {
  const { results, count } = sharing;
  fuser.prepare(rows);
  let known: Place | null = null;
  const alone = (): Place => {
    const script = scriptOf(rows);
    const workgroup = sharedReduction(sharing, how);
    known = { array: fuser.launch(results, script.operands, pointwise(script, rows.shape), workgroup), start: 0 };
    return known;
  };
  const suits = (expression: Expression): boolean => {
    const reads = [...readsIn(expression)].filter((read) => read.array === array);
    return known === null && reads.length > 0 && reads.every((read) => isOfRow(read, results, count));
  };
  const write = (expression: Expression): Resident | null => {
    const first = scriptOf(rows);
    const second = scriptOf(expression, first.operands, array);
    const size = results * (count + 1);
    if (!fits(second, fuser.target) || size > mostElementsOn(fuser.target)) {
      alone();
      return null;
    }
    const text = [
      'const phase = rowPhase(0);',
      `if (phase < 1) {\n${pointwise(first, rows.shape)}\n}`,
      pointwise(second, expression.shape),
    ].join('\n');
    const both = fuser.launch(size, second.operands, text, sharedReduction(sharing, how, true));
    known = { array: both, start: results * count };
    return { is: 'resident', size: results * count, source: null, place: () => ({ array: both, start: 0 }) };
  };
  const array: Resident = {
    is: 'resident',
    size: results,
    source: null,
    place: () => known ?? alone(),
    joint: { suits, write },
  };
  return array;
}

/** Whether a read takes the number of its row, in an expression of `rows` rows of `length` elements. */
function isOfRow({ shape, form: { start, steps } }: Read, rows: number, length: number): boolean {
  const outer = shape.filter((_, axis) => sizeOf(shape.slice(axis)) > length);
  const inner = steps.slice(outer.length);
  const strides = stridesOf(outer);
  return (
    start === 0 &&
    sizeOf(shape) === rows * length &&
    sizeOf(outer) === rows &&
    inner.every((step) => step === 0) &&
    outer.every((_, axis) => steps[axis] === strides[axis])
  );
}
