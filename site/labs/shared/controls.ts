/** @file Controls of labs: sliders and choices, their HTML, and their state as the address has it. */
import { escaped } from '../../html.ts';

/** A number between two others, in steps. */
export interface Slider {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly start: number;
  /** The number as the page shows it; as it is by default. */
  readonly shows?: (x: number) => string;
}

/** One of some options, by their names in the address, with the texts that the page shows. */
export interface Choice<T extends string = string> {
  readonly label: string;
  readonly options: Readonly<Record<T, string>>;
  readonly start: T;
}

/** The controls of a lab, by their names in the address. */
export type Controls = Readonly<Record<string, Slider | Choice>>;

/** The values of controls. */
export type State = Readonly<Record<string, number | string>>;

/** The values of given controls: numbers of sliders, names of options. */
export type StateOf<C extends Controls> = {
  readonly [K in keyof C]: C[K] extends { readonly options: infer O } ? `${Exclude<keyof O, symbol>}` : number;
};

/** Whether a control admits a value. */
function admits(control: Slider | Choice, value: number | string): boolean {
  if ('options' in control) return Object.hasOwn(control.options, value);
  const steps = (Number(value) - control.min) / control.step;
  // a step such as 0.1 is no double
  const isStep = Math.abs(steps - Math.round(steps)) < 1e-9;
  return Number(value) >= control.min && Number(value) <= control.max && isStep;
}

/** The state of a query of the address. A value that is missing, or not admitted, is that of the start. */
export function stateFrom<C extends Controls>(controls: C, query: string): StateOf<C> {
  const given = new URLSearchParams(query);
  const values = Object.entries(controls).map(([name, control]) => {
    const text = given.get(name) ?? '';
    if (text.trim() === '' || !admits(control, text)) return [name, control.start];
    return [name, 'options' in control ? text : Number(text)];
  });
  return Object.fromEntries(values);
}

/** The query of a state. Values that are not given are those of the start. */
export function queryOf(controls: Controls, state: Partial<State>): string {
  const values = Object.entries(controls).map(([name, { start }]): [string, string] => [
    name,
    `${state[name] ?? start}`,
  ]);
  return `?${new URLSearchParams(values)}`;
}

/** A slider's number as the page shows it. */
export const shown = ({ shows }: Slider, x: number): string => (shows === undefined ? `${x}` : shows(x));

function field([name, control]: readonly [string, Slider | Choice]): string {
  if (!('options' in control)) {
    const { label, min, max, step, start } = control;
    // by its id: the first field in a label is what it names, and that is the output
    return `<label for="control-${name}">${label} <output>${shown(control, start)}</output><input type="range" id="control-${name}" name="${name}" min="${min}" max="${max}" step="${step}" value="${start}"></label>`;
  }
  const options = Object.entries(control.options).map(
    ([value, text]) =>
      `<option value="${value}"${value === control.start ? ' selected' : ''}>${escaped(text)}</option>`,
  );
  return `<label>${control.label} <select name="${name}">${options.join('')}</select></label>`;
}

/** The form of controls at their start. It is enabled by the page's program. */
export const controlsForm = (controls: Controls): string =>
  `<form class="controls"><fieldset disabled><legend>Controls</legend>${Object.entries(controls).map(field).join('\n')}</fieldset></form>`;
