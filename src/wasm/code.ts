/** @file Defines code of WebAssembly: typed expressions, local variables and statements, as nested lists of bytes. */

/** Types of numbers on the stack. A `v128` holds several lanes: 2 f64, 4 f32, 4 i32 or 2 i64. */
export type Type = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** Encoded instructions. A function among the bytes stands for its index, which the assembler knows. */
export type Code = readonly (number | Code | Callee)[];

/** A function that code may call. */
export interface Callee<R extends Type | null = Type | null> {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: R;
  readonly locals: readonly Type[];
  readonly body: Code;
}

/** Code that leaves one number of type T on the stack. It is computed anew wherever it stands: `tee` keeps a number. */
export interface Expression<T extends Type = Type> {
  readonly type: T;
  readonly code: Code;
}

/** A local variable. As an expression, it is its current number. */
export interface Local<T extends Type = Type> extends Expression<T> {
  /** The statement that assigns a number. */
  set(value: Expression<T>): Code;
  /** Assigns a number, and is that number. */
  tee(value: Expression<T>): Expression<T>;
}

/** Makes an expression of encoded instructions. */
export const expression = <T extends Type>(type: T, ...code: Code): Expression<T> => ({ type, code });

/** The expression, with statements that run before it. */
export const after = <T extends Type>(statements: Code, { type, code }: Expression<T>): Expression<T> =>
  expression(type, statements, code);

/** Makes the local variable with an index. `define` counts them. */
export function local<T extends Type>(type: T, index: number): Local<T> {
  const at = unsigned(index);
  return {
    ...expression(type, 0x20, at),
    set: (value) => [value.code, 0x21, at],
    tee: (value) => expression(type, value.code, 0x22, at),
  };
}

/** Encodes a count or an index (LEB128). */
export function unsigned(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; ; ) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    if (rest === 0) return [...bytes, low];
    bytes.push(low + 128);
  }
}

/** Encodes a signed integer (LEB128). */
export function signed(n: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(n); ; ) {
    const low = Number(rest & 127n);
    rest >>= 7n;
    const isLast = (rest === 0n && low < 64) || (rest === -1n && low >= 64);
    if (isLast) return [...bytes, low];
    bytes.push(low + 128);
  }
}

/** Encodes a name, with its length. */
export function text(name: string): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [...unsigned(bytes.length), ...bytes];
}

/** The bytes of numbers in memory. */
export const bytesOf = (numbers: Float32Array | Float64Array | Int32Array | BigInt64Array): number[] => [
  ...new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength),
];
