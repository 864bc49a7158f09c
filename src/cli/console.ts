/** @file Prints: tables, colours on a terminal, a progress line. */
import picocolors from 'picocolors';
import { InputError } from '../tensor/errors.ts';

/** The options of output that every command has. */
export interface Voice {
  /** Results as JSON on standard output, and nothing else there. */
  readonly json: boolean;
  /** Only failures and the verdict. */
  readonly quiet: boolean;
}

/**
 * Whether to print colours: no if NO_COLOR is set, else as FORCE_COLOR says, else on a terminal. Empty variables count as unset.
 * @example
 * wantsColour({ FORCE_COLOR: '0' }, true) // false
 */
export function wantsColour({ NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTerminal && TERM !== 'dumb';
}

// picocolors alone would colour where FORCE_COLOR is 0, and a pipe where CI is set
const pc = picocolors.createColors(wantsColour(process.env, process.stdout.isTTY === true));

/** Green for right, red for wrong, grey for minor lines; plain text where colours are not wanted. */
export const colour = { right: pc.green, wrong: pc.red, minor: pc.dim, heading: pc.bold };

/** Colours that tell curves apart, beside their marks. */
export const markColours = [pc.cyan, pc.yellow, pc.magenta, pc.green, pc.red, pc.blue];

/** A line on standard output. */
export const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

/** A line on standard error about a result that is printed. */
export const note = (text: string): void => {
  process.stderr.write(`note: ${text}\n`);
};

/** An error on standard error. */
export const complain = (text: string): void => {
  process.stderr.write(`${colour.wrong('error:')} ${text}\n`);
};

/** A result as JSON on standard output: its schema, the version of that, and the data. Numbers that JSON lacks are texts: `-Infinity`, `NaN`. */
export const sayJson = (schema: string, data: object): void =>
  say(JSON.stringify({ schema: `densessm/${schema}`, version: 1, ...data }, asJson, 1));

/**
 * A result as JSON on standard output, after `write` has written its files. The result is not lost where one cannot be written: it then has the message
 * as `error`. Returns the exit status: 2 in that case.
 */
export function sayJsonOf(
  schema: string,
  data: Readonly<Record<string, unknown>> & { readonly ok: boolean },
  write: () => void,
): boolean | number {
  try {
    write();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { message } = error;
    complain(message);
    sayJson(schema, { ...data, ok: false, error: message });
    return 2;
  }
  sayJson(schema, data);
  return data.ok;
}

function asJson(_name: string, value: unknown): unknown {
  if (value instanceof Float64Array) return [...value];
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** The width of lines where there is no terminal. */
const usualWidth = 100;

/** The width of lines of text: the terminal's. */
export const textWidth = (): number => Math.max(40, process.stdout.columns ?? usualWidth);

/** The width of each column of a table. */
export const widthsOf = (lines: readonly (readonly string[])[]): number[] =>
  (lines[0] ?? []).map((_, i) => Math.max(...lines.map((cells) => cells[i]!.length)));

/** Lines up columns: text to the left, numbers (columns named in `right`) to the right. The last column is not padded. */
export function tableLine(cells: readonly string[], widths: readonly number[], right: readonly number[] = []): string {
  return cells
    .map((cell, i) => {
      if (right.includes(i)) return cell.padStart(widths[i]!);
      return i === cells.length - 1 ? cell : cell.padEnd(widths[i]!);
    })
    .join('  ')
    .trimEnd();
}

/** Shows progress on one line of a terminal, which is overwritten. Shows nothing in a pipe. */
export function progress({ json, quiet }: Voice): { show(text: string): void; clear(): void } {
  const seen = process.stderr.isTTY && !json && !quiet;
  const write = (text: string): void => {
    if (seen) process.stderr.write(`\r\u001b[2K${text}`);
  };
  return { show: (text) => write(colour.minor(text)), clear: () => write('') };
}

/** A small number in few characters: `0`, `3.1e-16`. */
export const brief = (x: number): string =>
  x === 0 ? '0' : Number.isFinite(x) ? x.toExponential(1) : x < 0 ? '−∞' : '∞';

/** Seconds with two digits. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;

/** A share of an allowance: `7 %`, or a multiple such as `2.5 ×`. */
export const share = (ratio: number): string =>
  ratio > 1 ? `${Number.isFinite(ratio) ? ratio.toPrecision(2) : '∞'} ×` : `${(100 * ratio).toPrecision(2)} %`;
