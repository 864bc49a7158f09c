/** @file Writes the text that evaluates an expression in a kernel, with common subexpression elimination. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { placed, readOf } from '../values/expression.ts';
import type { Expression, Fill, Form, Node, Read, Resident, Start, Within } from '../values/numbers.ts';
import { axesOf, merged, placesOf, plus } from './places.ts';
import { mostInSingle } from './target.ts';

/** An argument of a kernel. In the text, `a0`, `a1`, … are arrays, `c0`, … numbers and `n0`, … integers; the digits are the position. */
export type Argument = Resident | Fill | Start;

const letters = { resident: 'a', fill: 'c', start: 'n' };

/** The name of the k-th argument in a kernel's text. */
export const argumentName = (x: Argument, k: number): string => `${letters[x.is]}${k}`;

/** The start of a read of a part as an argument of its kernel. Null if the text has the number. Arguments are f32. */
export function passedStart({ array, form, shape }: Read): Start | null {
  if (array.passesStarts !== true || array.size > mostInSingle) return null;
  const size = sizeOf(shape.filter((_, axis) => form.steps[axis] !== 0));
  return size < array.size ? { is: 'start', number: form.start } : null;
}

/** The name of the argument that is the start of a read. Null if the text has the number. */
export function startName(operands: readonly Argument[], read: Read): string | null {
  const start = passedStart(read);
  if (start === null) return null;
  return argumentName(
    start,
    operands.findIndex((x) => x.is === 'start' && x.number === start.number),
  );
}

/** The text of an expression: its arguments, the affine forms of the position that it uses, and a writer. */
export interface Script {
  readonly operands: readonly Argument[];
  readonly forms: readonly Form[];
  /** Writes statements that compute `result`, given the text of the value of each form. Names begin with `prefix`. */
  write(values: readonly string[], prefix?: string): { readonly lines: string; readonly result: string };
}

/**
 * Makes the script of an expression. `beside` are arguments that the kernel already has for its other expressions. The elements of
 * the array `held` are not read: the kernel holds the one that belongs to the position.
 */
export function scriptOf(root: Node, beside: readonly Argument[] = [], held: Resident | null = null): Script {
  const operands: Argument[] = [...beside];
  const forms: Form[] = [];
  /** For each form, the name of the argument that is its start, if it is one. */
  const starts: (string | null)[] = [];
  const formNames = new Map<string, number>();
  const known = new Set<Node>();
  const readAt = (node: Node): Read | null => {
    const read = readOf(node);
    return read === null || read.array === held ? read : placed(read);
  };
  const formAt = (form: Form, start: Start | null = null): number => {
    const key = `${start === null} ${form.start} ${form.steps}`;
    const before = formNames.get(key);
    if (before !== undefined) return before;
    starts.push(start === null ? null : argumentName(start, argumentAt(start)));
    const at = forms.push(start === null ? form : { ...form, start: 0 }) - 1;
    formNames.set(key, at);
    return at;
  };
  const argumentAt = (x: Argument): number => {
    const at = operands.findIndex((y) =>
      x.is === 'resident' ? x === y : x.is === y.is && Object.is(x.number, y.number),
    );
    return at >= 0 ? at : operands.push(x) - 1;
  };
  const collect = (node: Node): void => {
    if (known.has(node)) return;
    known.add(node);
    const read = readAt(node);
    if (node.is === 'fill') argumentAt(node);
    else if (read !== null) {
      if (read.array === held) return;
      argumentAt(read.array);
      formAt(read.form, passedStart(read));
    } else if (node.is === 'apply') node.args.forEach(collect);
    else if (node.is === 'within') {
      formAt(node.coordinate);
      collect(node.inside);
      collect(node.outside);
    }
  };
  collect(root);

  // an expression needs no guard if its reads are inside their arrays at every position. It is computed once, outside all guards
  const safe = new Map<Node, boolean>();
  const isSafe = (node: Node): boolean => {
    const before = safe.get(node);
    if (before !== undefined) return before;
    const read = readAt(node);
    let result = true;
    if (read !== null) result = read.array === held || staysInside(read);
    else if (node.is === 'apply') result = node.args.every(isSafe);
    else if (node.is === 'within') result = isSafe(node.inside) && isSafe(node.outside);
    safe.set(node, result);
    return result;
  };

  const write = (values: readonly string[], prefix = ''): { lines: string; result: string } => {
    const lines = values.map(
      (value, k) => `const ${prefix}f${k} = ${value}${starts[k] === null ? '' : ` + ${starts[k]}`};`,
    );
    const declarations = new Map<string, string>();
    /**
     * Adds a statement and returns the name that it declares. If an earlier statement has the same text, returns its name (common
     * subexpression elimination).
     */
    const declared = (statement: (name: string) => string): string => {
      const key = statement('');
      const before = declarations.get(key);
      if (before !== undefined) return before;
      const result = `${prefix}v${declarations.size}`;
      declarations.set(key, result);
      lines.push(statement(result));
      return result;
    };
    // the reads of an expression depend on the guard, so each guard has its own names
    const names = new Map<string, Map<Node, string>>();
    const name = (node: Node, outer: string): string => {
      if (node.is === 'fill') return argumentName(node, argumentAt(node));
      const guard = isSafe(node) ? '' : outer;
      const here = names.get(guard) ?? new Map<Node, string>();
      names.set(guard, here);
      const result = here.get(node) ?? computed(node, guard);
      here.set(node, result);
      return result;
    };
    const computed = (node: Expression, guard: string): string => {
      const read = readAt(node);
      if (read !== null) {
        if (read.array === held) return declared((x) => `const ${x} = rowTotal(0);`);
        const array = argumentName(read.array, argumentAt(read.array));
        const offset = `${prefix}f${formAt(read.form, passedStart(read))}`;
        return declared((x) => `const ${x} = ${array}[${guard === '' ? offset : `${guard} > 0 ? ${offset} : 0`}];`);
      }
      if (node.is === 'apply') {
        const args = node.args.map((arg) => name(arg, guard));
        return declared((x) => node.text(args, x));
      }
      const { coordinate, length, inside, outside } = node as Within;
      const at = `${prefix}f${formAt(coordinate)}`;
      const isInside = declared((x) => `const ${x} = ${at} >= 0 ? (${at} < ${length} ? 1 : 0) : 0;`);
      const both = guard === '' ? '' : ` * ${guard}`;
      const guardOf = (part: Node, condition: string): string =>
        isSafe(part) ? '' : declared((x) => `const ${x} = ${condition}${both};`);
      const first = name(inside, guard === '' ? isInside : guardOf(inside, isInside));
      const second = name(outside, guardOf(outside, `(1 - ${isInside})`));
      return declared((x) => `const ${x} = ${isInside} > 0 ? ${first} : ${second};`);
    };
    const result = name(root, '');
    return { lines: lines.join('\n'), result };
  };
  return { operands, forms, write };
}

/** Whether a read is inside its array at every position of its shape. */
function staysInside({ array, form: { start, steps }, shape }: Read): boolean {
  const ends = steps.map((step, axis) => step * (shape[axis]! - 1));
  const sum = (of: readonly number[]): number => of.reduce((total, x) => total + x, start);
  return sum(ends.map((end) => Math.min(0, end))) >= 0 && sum(ends.map((end) => Math.max(0, end))) < array.size;
}

/** The body of a kernel that evaluates an expression, one invocation per element. */
export function pointwise({ forms, write }: Script, shape: Shape): string {
  const axes = shape.map((length, axis) => ({ length, steps: forms.map(({ steps }) => steps[axis]!) }));
  const { setup, offsets } = placesOf(forms.length === 0 ? axesOf(shape) : merged(axes), forms.length);
  const { lines, result } = write(offsets.map((offset, k) => plus(offset, forms[k]!.start)));
  return `${setup}\n${lines}\nreturn ${result};`;
}
