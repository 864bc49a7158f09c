/** @file Assembles functions to the bytes of a WebAssembly module. */
import { type Callee, type Code, type Expression, type Local, local, type Type, text, unsigned } from './code.ts';

const bytesOfType: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Makes a local variable of a function, which begins at 0. */
export type NewLocal = <T extends Type>(type: T) => Local<T>;

type ResultOf<R> = R extends Expression<infer T> ? T : null;
type Params = Readonly<Record<string, Type>>;
type Locals<P extends Params> = { readonly [N in keyof P]: Local<P[N]> };

/**
 * Defines a function. `write` gets its parameters and a maker of local variables, and returns its statements, or the expression that
 * is its result; `after` puts statements before one.
 */
export function define<P extends Params, R extends Code | Expression>(
  name: string,
  params: P,
  write: (params: Locals<P>, newLocal: NewLocal) => R,
): Callee<ResultOf<R>> {
  const entries = Object.entries(params);
  const variables = Object.fromEntries(entries.map(([key, type], i) => [key, local(type, i)])) as Locals<P>;
  const locals: Type[] = [];
  const written: Code | Expression = write(variables, (type) => local(type, entries.length + locals.push(type) - 1));
  const [body, result] = 'type' in written ? [written.code, written.type] : [written, null];
  return { name, params: entries.map(([, type]) => type), result: result as ResultOf<R>, locals, body };
}

/**
 * Assembles a module that exports the functions by name, and holds those that they call. It imports its memory as `js.memory`, which
 * has so many pages and is shared by threads if `sharedPages` is given.
 */
export function assemble(exported: readonly Callee[], sharedPages?: number): Uint8Array<ArrayBuffer> {
  const all = new Map<Callee, number>();
  const bodies: number[][] = [];
  const add = (callee: Callee): number => {
    const known = all.get(callee);
    if (known !== undefined) return known;
    const index = all.size;
    all.set(callee, index);
    bodies[index] = []; // the function's place, while those that it calls are added
    bodies[index] = sized([list(callee.locals.map((type) => [1, bytesOfType[type]])), callee.body, 0x0b].flatMap(flat));
    return index;
  };
  const flat = (code: Code[number]): number[] => {
    const bytes: number[] = [];
    const visit = (item: Code[number]): void => {
      if (typeof item === 'number') bytes.push(item);
      else if (isCallee(item)) bytes.push(...unsigned(add(item)));
      else for (const part of item) visit(part);
    };
    visit(code);
    return bytes;
  };
  for (const callee of exported) add(callee);
  const functions = [...all.keys()];
  const limits = sharedPages === undefined ? [0, 0] : [3, ...unsigned(sharedPages), ...unsigned(sharedPages)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(functions.map(signature))),
    ...section(2, list([[...text('js'), ...text('memory'), 2, ...limits]])),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(7, list(exported.map((callee) => [...text(callee.name), 0, ...unsigned(add(callee))]))),
    ...section(10, list(bodies)),
  ]);
}

const isCallee = (item: Code | Callee): item is Callee => !Array.isArray(item);

const signature = ({ params, result }: Callee): number[] => [
  0x60,
  ...list(params.map((type) => [bytesOfType[type]])),
  ...list(result === null ? [] : [[bytesOfType[result]]]),
];

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
