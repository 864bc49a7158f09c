/** @file The text that evaluates an expression, wherever in a kernel it is needed. */
import { type Form, type Node, readOf } from './expression.ts';
import type { Fill, Resident } from './numbers.ts';

/** What a kernel is called with: arrays are named `a0`, `a1`, …, numbers `c0`, `c1`, … by their places. */
export type Argument = Resident | Fill;

/** The name of the k-th argument in a kernel's text. */
export const argumentName = (x: Argument, k: number): string => `${x.is === 'fill' ? 'c' : 'a'}${k}`;

/** How to evaluate an expression: arguments, the linear forms of the position that must be known, and the text. */
export interface Script {
  readonly operands: readonly Argument[];
  readonly forms: readonly Form[];
  /** Statements that leave the value in `result`, given the text of each form's value; names begin with `prefix`. */
  write(values: readonly string[], prefix?: string): { readonly lines: string; readonly result: string };
}

/** The script of an expression; `beside` are arguments that other expressions of the same kernel have already. */
export function scriptOf(root: Node, beside: readonly Argument[] = []): Script {
  const operands: Argument[] = [...beside];
  const forms: Form[] = [];
  const formNames = new Map<string, number>();
  const known = new Set<Node>();
  const formAt = (form: Form): number => {
    const key = `${form.start} ${form.steps}`;
    const at = formNames.get(key) ?? forms.push(form) - 1;
    formNames.set(key, at);
    return at;
  };
  const argumentAt = (x: Argument): number => {
    const at = operands.findIndex((y) =>
      x.is === 'fill' ? y.is === 'fill' && Object.is(x.number, y.number) : x === y,
    );
    return at >= 0 ? at : operands.push(x) - 1;
  };
  const collect = (node: Node): void => {
    if (known.has(node)) return;
    known.add(node);
    const read = readOf(node);
    if (node.is === 'fill') argumentAt(node);
    else if (read !== null) {
      argumentAt(read.array);
      formAt(read.form);
    } else if (node.is === 'apply') node.args.forEach(collect);
    else if (node.is === 'within') {
      formAt(node.coordinate);
      collect(node.inside);
      collect(node.outside);
    }
  };
  collect(root);

  const write = (values: readonly string[], prefix = ''): { lines: string; result: string } => {
    const lines = values.map((value, k) => `const ${prefix}f${k} = ${value};`);
    let count = 0;
    // what stands under another guard may read elsewhere, so it is another name
    const names = new Map<string, Map<Node | string, string>>();
    const name = (node: Node, guard: string): string => {
      if (node.is === 'fill') return argumentName(node, argumentAt(node));
      const here = names.get(guard) ?? new Map<Node | string, string>();
      names.set(guard, here);
      const read = readOf(node);
      // two nodes that read one place of an array are one
      const key = read === null ? node : `${argumentAt(read.array)} ${formAt(read.form)}`;
      const before = here.get(key);
      if (before !== undefined) return before;
      const result = `${prefix}v${count++}`;
      here.set(key, result);
      if (read !== null) {
        const offset = `${prefix}f${formAt(read.form)}`;
        const safe = guard === '' ? offset : `${guard} > 0 ? ${offset} : 0`;
        lines.push(`const ${result} = ${argumentName(read.array, argumentAt(read.array))}[${safe}];`);
      } else if (node.is === 'apply') {
        const args = node.args.map((arg) => name(arg, guard));
        lines.push(node.text(args, result));
      } else if (node.is === 'within') {
        const at = `${prefix}f${formAt(node.coordinate)}`;
        const outer = guard === '' ? '' : ` * ${guard}`;
        lines.push(`const ${result}g = ${at} >= 0 ? (${at} < ${node.length} ? 1 : 0) : 0;`);
        lines.push(`const ${result}i = ${result}g${outer};`, `const ${result}o = (1 - ${result}g)${outer};`);
        const inside = name(node.inside, `${result}i`);
        const outside = name(node.outside, `${result}o`);
        lines.push(`const ${result} = ${result}g > 0 ? ${inside} : ${outside};`);
      }
      return result;
    };
    const result = name(root, '');
    return { lines: lines.join('\n'), result };
  };
  return { operands, forms, write };
}
