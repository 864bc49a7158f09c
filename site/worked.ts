/** @file Computes a small case by the definition and by every mode, and writes the numbers as a table. Used for pages and in them. */
import { f64 } from '../src/executors/f64/index.ts';
import type { Settings, Tensor, Tensors } from '../src/oracle/case.ts';
import type { Operator } from '../src/oracle/operator.ts';
import { evaluateOutputs } from '../src/oracle/program.ts';
import { termIn } from '../src/oracle/signature.ts';
import { read } from '../src/tensor/input.ts';
import { escaped } from './html.ts';
import { settingsText } from './settings-text.ts';
import { ulpsBetween, ulpsText } from './ulps.ts';

/** The inputs and settings of a case. */
export interface SmallCase {
  readonly inputs: Tensors;
  readonly settings: Settings;
}

/** An axis that a table shows: its letter and its length. */
interface ShownAxis {
  readonly letter: string;
  readonly length: number;
}

/** The axes of a tensor that are longer than 1, with the letters of the signature. */
export function shownAxes(
  operator: Operator,
  side: 'inputs' | 'outputs',
  name: string,
  shape: readonly number[],
): ShownAxis[] {
  const axes = termIn(operator.signature[side], name)?.shapes.find((one) => one.length === shape.length);
  return shape
    .map((length, i) => ({ letter: axes?.[i]?.letters.join(axes[i]!.join === 'sum' ? '+' : '') ?? '', length }))
    .filter(({ length }) => length !== 1);
}

/** The indices of entry i of a tensor with these axes: "t 2, d 0". */
export function indexText(axes: readonly ShownAxis[], i: number): string {
  const parts: string[] = [];
  let rest = i;
  for (const { letter, length } of [...axes].reverse()) {
    parts.unshift(`${letter} ${rest % length}`.trim());
    rest = Math.floor(rest / length);
  }
  return parts.join(', ');
}

/** The numbers of one output: by the definition, and by each mode. */
export interface WorkedOutput {
  readonly name: string;
  readonly shape: readonly number[];
  /** The numbers of spec/; undefined if the definition leaves the output to the modes. */
  readonly defined: ArrayLike<number> | undefined;
  readonly modes: Readonly<Record<string, ArrayLike<number>>>;
}

/** Computes a case by the definition and by every mode that admits it. */
export function workedOutputs(operator: Operator, { inputs, settings }: SmallCase): WorkedOutput[] {
  const defined = operator.definition(inputs, settings, operator.reference);
  const modes = Object.entries(operator.modes).filter(([mode]) => operator.admits(settings, mode));
  const results = modes.map(([mode, program]) => {
    const c = { inputs, settings, cotangents: {}, seed: 0, values: 'normal' } as const;
    return [mode, evaluateOutputs(program, c, f64).outputs] as const;
  });
  return Object.entries(results[0]![1]).map(([name, { shape }]) => ({
    name,
    shape,
    defined: defined[name]?.data,
    modes: Object.fromEntries(results.map(([mode, outputs]) => [mode, read(outputs[name]!)])),
  }));
}

/** The table of all outputs: a row for each number, with the difference of each mode from the definition. */
export function workedTable(operator: Operator, c: SmallCase): string {
  const outputs = workedOutputs(operator, c);
  const modes = Object.keys(outputs[0]!.modes);
  const rows = outputs.flatMap(({ name, shape, defined, modes: numbers }) => {
    const axes = shownAxes(operator, 'outputs', name, shape);
    const reference = defined ?? numbers[operator.reference]!;
    return Array.from(reference, (number, i) => {
      const cells = modes.map((mode) => {
        const ulps = ulpsBetween(number, numbers[mode]![i]!);
        return `<td class="${ulps === 0 ? 'same' : 'other'}" title="${numbers[mode]![i]}">${ulpsText(ulps)}</td>`;
      });
      const index = indexText(axes, i);
      return `<tr><th scope="row"><code>${escaped(name)}${index === '' ? '' : `[${index}]`}</code></th><td class="digits">${number}</td>${cells.join('')}</tr>`;
    });
  });
  const heads = modes.map((mode) => `<th scope="col"><code>${mode}</code></th>`);
  return `<table><thead><tr><th scope="col">number</th><th scope="col">by <code>spec/</code></th>${heads.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

/** The fields of one input: a row of numbers for each of its last axes. */
function fieldsOf(operator: Operator, equation: number, name: string, { shape, data }: Tensor): string {
  const axes = shownAxes(operator, 'inputs', name, shape);
  const columns = axes.at(-1)?.length ?? 1;
  const cells = Array.from(data, (number, i) => {
    const index = indexText(axes, i);
    return `<input type="number" step="any" readonly data-name="${escaped(name)}" value="${number}" aria-label="Eq. ${equation}: ${escaped(name)}${index === '' ? '' : ` at ${index}`}">`;
  });
  const letters = axes.map(({ letter }) => `[${letter}]`).join('');
  return `<fieldset><legend><code>${escaped(name.replace(/^param\./, ''))}</code> <code>${letters}</code></legend><div style="--columns:${columns}">${cells.join('')}</div></fieldset>`;
}

/** A case to try: its inputs in fields, and its numbers. The page's program makes the fields editable. */
export function workedSection(operator: Operator, equation: number, c: SmallCase): string {
  const shapes = Object.fromEntries(Object.entries(c.inputs).map(([name, { shape, kind }]) => [name, { shape, kind }]));
  const data = JSON.stringify({ shapes, settings: c.settings }).replaceAll('<', '\\u003c');
  return `<div class="worked" data-operator="${operator.name}" data-equation="${equation}">
<h3>In numbers</h3>
<p class="quiet">One case of <code>${operator.name}</code>${Object.keys(c.settings).length === 0 ? '' : ` with ${settingsText(c.settings)}`}. By <code>spec/</code>, and by every mode in double precision: = is the same double, else the distance in units in the last place. A sum that cancels is far in such units and may be right: what counts is its <a href="../docs/tolerances.html">error bound</a>.</p>
<div class="fields">${Object.entries(c.inputs)
    .map(([name, x]) => fieldsOf(operator, equation, name, x))
    .join('\n')}</div>
<div class="table" tabindex="0" role="group" aria-label="Numbers of Eq. ${equation}"><output>${workedTable(operator, c)}</output></div>
<script type="application/json">${data}</script>
</div>`;
}
