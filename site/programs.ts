/** @file Writes the tensor program of a mode: the primitives that one small case applies, in their order. */
import { f64 } from '../src/executors/f64/index.ts';
import type { Operator } from '../src/oracle/operator.ts';
import type { Executor, Value } from '../src/tensor/value.ts';
import { codeList, escaped } from './html.ts';
import type { SmallCase } from './worked.ts';

/** One applied primitive. */
export interface Step {
  readonly name: string;
  /** What sets the operation apart from others of its name: the subscripts of an einsum, the axes of a sum. */
  readonly details: string;
  readonly operands: readonly string[];
  readonly shape: readonly number[];
}

/** The parameters of a primitive that a reader wants: short texts, numbers, lists of numbers. */
function detailsOf(params: unknown): string {
  if (typeof params !== 'object' || params === null) return '';
  if ('spec' in params) return `'${params.spec}'`;
  return Object.entries(params)
    .filter(([, x]) => typeof x === 'number' || typeof x === 'string' || (Array.isArray(x) && x.every(Number.isFinite)))
    .map(([name, x]) => `${name} ${Array.isArray(x) ? `[${x.join(', ')}]` : x}`)
    .join(', ');
}

/** Numbers on the executor that lists steps, with the name by which later steps call them. */
interface Traced {
  readonly numbers: Float64Array;
  readonly name: string;
}

/** The program of a mode on one case. */
export interface ModeProgram {
  readonly steps: readonly Step[];
  /** The files of src/nn whose functions applied the primitives. */
  readonly files: readonly string[];
}

/** Runs a mode on a case and lists the primitives that it applies. Operands are inputs by name, steps by number, or constants. */
export function programOf(operator: Operator, mode: string, { inputs, settings }: SmallCase): ModeProgram {
  const steps: Step[] = [];
  const files = new Set<string>();
  const self: Executor<Traced> = {
    name: 'steps',
    order: 0,
    open: true,
    get root() {
      return self as Executor;
    },
    input: (x, shape, kind) => ({ numbers: f64.input(x, shape, kind), name: 'input' }),
    constant: (x, shape) => ({ numbers: f64.constant(x, shape), name: 'constant' }),
    read: ({ numbers }) => f64.read(numbers),
    run(primitive, xs, params, shape) {
      const own = xs as readonly Value<Traced>[];
      const operands = own.map(
        ({ data, shape: size }) => `${data.name}${data.name === 'constant' ? ` [${size.join(', ')}]` : ''}`,
      );
      steps.push({ name: primitive.name, details: detailsOf(params), operands, shape });
      for (const [file] of `${new Error().stack}`.matchAll(/src\/nn\/[\w/-]+\.ts/g)) files.add(file);
      const plain = own.map((x) => ({ ...x, on: f64, data: x.data.numbers }));
      return { numbers: f64.run(primitive, plain, params, shape), name: `%${steps.length}` };
    },
  };
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape, kind = 'real' }]) => {
      const numbers = f64.input(data, shape, kind);
      return [name, { shape, kind, on: self as Executor, data: { numbers, name: name.replace(/^param\./, '') } }];
    }),
  );
  operator.modes[mode]!(values, settings);
  return { steps, files: [...files].sort() };
}

/** The programs of all modes that admit a case, each folded. A reader without JavaScript opens them too. */
export function programsSection(operator: Operator, c: SmallCase): string {
  const modes = Object.keys(operator.modes).filter((mode) => operator.admits(c.settings, mode));
  return modes
    .map((mode) => {
      const { steps, files } = programOf(operator, mode, c);
      const width = `%${steps.length}`.length;
      const lines = steps.map(
        ({ name, details, operands, shape }, i) =>
          `${`%${i + 1}`.padEnd(width)} = ${name}${details === '' ? '' : ` ${details}`} (${operands.join(', ')}) → [${shape.join(', ')}]`,
      );
      return `<details class="program"><summary>The program of mode <code>${mode}</code>: ${steps.length} primitives</summary>
<p class="origin">On the case above, in the order of its run${files.length === 0 ? '' : `; written in ${codeList(files)}`}.</p>
<pre tabindex="0"><code>${escaped(lines.join('\n'))}</code></pre></details>`;
    })
    .join('\n');
}
