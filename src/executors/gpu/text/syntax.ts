/** @file Parses the text of a kernel, which is a small part of JavaScript, to a tree of statements. */

/** A term of the text. Comparisons and `&&` are conditions. */
export type Term =
  | { readonly is: 'number'; readonly value: number }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'element'; readonly array: string; readonly at: Term }
  | { readonly is: 'arithmetic'; readonly op: '+' | '-' | '*' | '/'; readonly x: Term; readonly y: Term }
  | { readonly is: 'condition'; readonly op: Comparison | '&&'; readonly x: Term; readonly y: Term }
  | { readonly is: 'choice'; readonly condition: Term; readonly x: Term; readonly y: Term }
  | { readonly is: 'call'; readonly of: string; readonly args: readonly Term[] };

export type Comparison = '<' | '>' | '<=' | '>=' | '===' | '!==';

/** A statement of the text. A loop counts from 0. */
export type Statement =
  | { readonly is: 'declare'; readonly name: string; readonly value: Term; readonly isConstant: boolean }
  | { readonly is: 'assign'; readonly name: string; readonly value: Term }
  | { readonly is: 'for'; readonly name: string; readonly end: Term; readonly body: readonly Statement[] }
  | { readonly is: 'if'; readonly condition: Term; readonly body: readonly Statement[] }
  | { readonly is: 'return'; readonly value: Term };

/** A parsed kernel: the names of its arguments, and its statements after the first, which declares `i`. */
export interface Syntax {
  readonly params: readonly string[];
  readonly body: readonly Statement[];
}

const token = /\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?|[A-Za-z_][\w.]*|===|!==|>=|<=|&&|\+\+|[-+*/()[\]{};,?:<>=])/y;

/** Binary operators, from the weakest. */
const levels: readonly (readonly string[])[] = [['&&'], ['===', '!=='], ['<', '>', '<=', '>='], ['+', '-'], ['*', '/']];

/** Parses the text of a kernel. Throws on anything that kernels do not use. */
export function parse(text: string): Syntax {
  const tokens: string[] = [];
  token.lastIndex = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) tokens.push(found[1]!);
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const next = (): string => tokens[at++] ?? '';
  const expect = (...wanted: readonly string[]): void => {
    for (const one of wanted) {
      const found = next();
      if (found !== one) throw new Error(`a kernel's text has '${found}' where '${one}' is expected:\n${text}`);
    }
  };
  const skip = (wanted: string): boolean => {
    if (peek() !== wanted) return false;
    at++;
    return true;
  };

  const primary = (): Term => {
    const first = next();
    if (first === '(') {
      const inner = term();
      expect(')');
      return inner;
    }
    if (first === '-') {
      const inner = primary();
      if (inner.is === 'number') return { is: 'number', value: -inner.value };
      return { is: 'arithmetic', op: '-', x: { is: 'number', value: 0 }, y: inner };
    }
    if (/^\d/.test(first)) return { is: 'number', value: Number(first) };
    if (!/^\w/.test(first)) throw new Error(`a kernel's text has an unexpected '${first}':\n${text}`);
    if (skip('[')) {
      const index = term();
      expect(']');
      return { is: 'element', array: first, at: index };
    }
    if (!skip('(')) return { is: 'name', name: first };
    const args: Term[] = [];
    while (!skip(')')) {
      args.push(term());
      skip(',');
    }
    return { is: 'call', of: first, args };
  };
  const operation = (level: number): Term => {
    if (level === levels.length) return primary();
    let x = operation(level + 1);
    while (levels[level]!.includes(peek())) {
      const op = next();
      const y = operation(level + 1);
      x =
        level < 3
          ? { is: 'condition', op: op as Comparison, x, y }
          : { is: 'arithmetic', op: op as '+' | '-' | '*' | '/', x, y };
    }
    return x;
  };
  const term = (): Term => {
    const condition = operation(0);
    if (!skip('?')) return condition;
    const x = term();
    expect(':');
    return { is: 'choice', condition, x, y: term() };
  };
  const block = (): Statement[] => {
    expect('{');
    const all: Statement[] = [];
    while (!skip('}')) all.push(statement());
    return all;
  };
  const statement = (): Statement => {
    const first = next();
    if (first === 'if') {
      expect('(');
      const condition = term();
      expect(')');
      return { is: 'if', condition, body: block() };
    }
    if (first === 'for') {
      expect('(', 'let');
      const name = next();
      expect('=', '0', ';', name, '<');
      const end = term();
      expect(';', name, '++', ')');
      return { is: 'for', name, end, body: block() };
    }
    const name = first === 'const' || first === 'let' ? next() : first;
    if (first !== 'return') expect('=');
    const value = term();
    expect(';');
    if (first === 'return') return { is: 'return', value };
    return name === first
      ? { is: 'assign', name, value }
      : { is: 'declare', name, value, isConstant: first === 'const' };
  };

  expect('function', '(');
  const params: string[] = [];
  while (!skip(')')) {
    params.push(next());
    skip(',');
  }
  const body = block();
  if (at < tokens.length) throw new Error(`a kernel's text goes on after its end:\n${text}`);
  return { params, body: body.slice(1) };
}

/** The names that a term reads; those of arrays, too. */
export function namesIn(term: Term, found = new Set<string>()): Set<string> {
  if (term.is === 'name') found.add(term.name);
  else if (term.is === 'element') namesIn(term.at, found.add(term.array));
  else if (term.is === 'call') for (const arg of term.args) namesIn(arg, found);
  else if (term.is !== 'number') {
    if (term.is === 'choice') namesIn(term.condition, found);
    namesIn(term.x, found);
    namesIn(term.y, found);
  }
  return found;
}

/** The names that a statement reads, and those that it declares or assigns; a return assigns `result`. */
export function namesOf(statement: Statement): { readonly reads: Set<string>; readonly writes: Set<string> } {
  switch (statement.is) {
    case 'return':
      return { reads: namesIn(statement.value), writes: new Set(['result']) };
    case 'declare':
      return { reads: namesIn(statement.value), writes: new Set([statement.name]) };
    case 'assign':
      return { reads: namesIn(statement.value).add(statement.name), writes: new Set([statement.name]) };
    default: {
      const head = statement.is === 'for' ? statement.end : statement.condition;
      const parts = statement.body.map(namesOf);
      const reads = new Set([...namesIn(head), ...parts.flatMap((part) => [...part.reads])]);
      const writes = new Set(parts.flatMap((part) => [...part.writes]));
      if (statement.is === 'for') writes.add(statement.name);
      return { reads, writes };
    }
  }
}

const operations = (term: Term): number => {
  if (term.is === 'number' || term.is === 'name') return 0;
  if (term.is === 'element') return 1 + operations(term.at);
  if (term.is === 'call') return term.args.reduce((sum, arg) => sum + operations(arg), 1);
  return 1 + operations(term.x) + operations(term.y) + (term.is === 'choice' ? operations(term.condition) : 0);
};

/** About how many operations the statements are. Loops whose length is no literal count as 16 rounds. */
export const operationsIn = (statements: readonly Statement[]): number =>
  statements.reduce((sum, statement) => {
    if (statement.is === 'for')
      return sum + (statement.end.is === 'number' ? statement.end.value : 16) * operationsIn(statement.body);
    if (statement.is === 'if') return sum + operations(statement.condition) + operationsIn(statement.body);
    return sum + operations(statement.value);
  }, 0);
