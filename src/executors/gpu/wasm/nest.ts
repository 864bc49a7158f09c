/** @file Finds the positions that a kernel's text computes from the number of its element, so that loops can count them instead. */
import type { Statement } from '../text/syntax.ts';

/** A position that counts from 0 to `length`, over and over, while elements are counted. */
export interface Digit {
  /** Its name in the text; `i` itself if there is only one. */
  readonly name: string;
  readonly length: number;
  /** The name in the text of the number of times that it has come back to 0: `i` divided by this length and the inner ones. */
  readonly carry: string | null;
}

/** A kernel's positions, from the innermost, and the statements that use them. */
export interface Nest {
  readonly digits: readonly Digit[];
  readonly body: readonly Statement[];
}

/** The divisor, if a statement declares the quotient of one of some names. */
function divisorOf(statement: Statement, names: ReadonlySet<string>): number | null {
  if (statement.is !== 'declare' || statement.value.is !== 'call' || statement.value.of !== 'quotient') return null;
  const [x, divisor] = statement.value.args;
  return x?.is === 'name' && names.has(x.name) && divisor?.is === 'number' ? divisor.value : null;
}

/** Finds the positions of a kernel of `size` elements: `i` divided by lengths one after another, each with its remainder. */
export function nestOf(statements: readonly Statement[], size: number): Nest {
  const digits: Digit[] = [];
  const used = new Set<Statement>();
  let rest = new Set(['i']);
  let left = size;
  for (const [k, statement] of statements.entries()) {
    if (statement.is !== 'declare') continue;
    if (statement.value.is === 'name' && rest.has(statement.value.name)) rest.add(statement.name);
    const length = divisorOf(statement, rest);
    const remainder = statements[k + 1];
    if (length === null || left % length !== 0 || remainder?.is !== 'declare') continue;
    digits.push({ name: remainder.name, length, carry: statement.name });
    used.add(statement).add(remainder);
    rest = new Set([statement.name]);
    left /= length;
  }
  if (left > 1 || digits.length === 0) digits.push({ name: [...rest][0]!, length: left, carry: null });
  return { digits, body: statements.filter((statement) => !used.has(statement)) };
}
