/** @file Cuts launches into chunks of work, which threads compute, and writes the function that computes a chunk by its number. */
import type { Callee, Code, Expression, Type } from '../../../wasm/code.ts';
import { call, select, when } from '../../../wasm/control.ts';
import { f32, i32 } from '../../../wasm/instructions.ts';
import { define } from '../../../wasm/module.ts';
import type { Launch, Place } from './arrays.ts';

/**
 * An argument of part p of a step: `at + p · step`, but `most` at most. The room is the thread's own, for panels of products.
 */
export type Argument = { readonly at: number; readonly step?: number; readonly most?: number } | 'room';

/** Calls of one function, in any order: those of its parts. */
export interface Step {
  readonly callee: Callee<null>;
  readonly args: readonly Argument[];
  readonly parts: number;
}

/** The steps of a launch, and about how many operations it is. */
export interface Planned {
  readonly launch: Launch;
  readonly steps: readonly Step[];
  readonly work: number;
}

/** About how many operations a thread should have at once: 15 µs or so. */
const leastWork = 2 ** 17;

/** About how many operations, of launches that are cut, are worth threads: 0.5 ms or so. Waking them and their report take 0.1 ms. */
const worthThreads = 2 ** 22;

/** The most parts for each thread: more than one, as a thread that other programs interrupt does fewer. */
const partsPerThread = 4;

/** The number of equal parts for some threads. */
export function partsFor(work: number, threads: number): number {
  const parts = Math.min(Math.floor(work / leastWork), partsPerThread * threads);
  return threads === 1 || parts < 2 ? 1 : parts - (parts > threads ? parts % threads : 0);
}

/** Cuts `count` units into parts that begin at multiples of a grain: the units of each, and the number of parts, which is at least 1. */
export function cut(count: number, parts: number, grain: number): { readonly each: number; readonly parts: number } {
  const each = Math.ceil(count / Math.max(1, parts) / grain) * grain;
  return { each, parts: Math.ceil(count / each) };
}

/** Chunks of a program, by number. */
export interface Chunks {
  readonly count: number;
  /** Whether the program is worth threads. */
  readonly isLarge: boolean;
  /** The first chunk of each launch, and at the end the number of all. */
  readonly firsts: readonly number[];
  /** For each chunk, the number of the first in its group: it may begin when those before are done. */
  readonly ready: Int32Array<ArrayBuffer>;
  /** Computes the chunk of a number. */
  readonly callee: Callee<null>;
}

/** Numbers the chunks of launches in order. Chunks of launches that touch no array that another one writes are a group. */
export function chunksOf(planned: readonly Planned[]): Chunks {
  const firsts = [0];
  const ready: number[] = [];
  const numbered: Numbered[] = [];
  let [group, begins]: [Launch[], number] = [[], 0];
  for (const { launch, steps } of planned) {
    if (group.some((other) => disturbs(other, launch))) [group, begins] = [[], ready.length];
    group.push(launch);
    for (const step of steps) {
      numbered.push({ ...step, first: ready.length });
      for (let p = 0; p < step.parts; p++) ready.push(begins);
    }
    firsts.push(ready.length);
  }
  const callee = define('chunk', { c: 'i32', room: 'i32' }, ({ c, room }) => dispatch(numbered, c, room));
  const shared = planned.reduce((sum, { work }) => sum + (work < 2 * leastWork ? 0 : work), 0);
  return { count: ready.length, isLarge: shared >= worthThreads, firsts, ready: Int32Array.from(ready), callee };
}

const overlap = (x: Place, y: Place): boolean =>
  x.address < y.address + 4 * y.size && y.address < x.address + 4 * x.size;

/** Whether a launch must wait for an earlier one: one of them writes what the other reads or writes. */
const disturbs = (earlier: Launch, later: Launch): boolean =>
  [later.result, ...arraysOf(later)].some((x) => overlap(earlier.result, x)) ||
  arraysOf(earlier).some((x) => overlap(x, later.result));

const arraysOf = ({ operands }: Launch): Place[] =>
  operands.filter((operand): operand is Place => typeof operand !== 'number');

/** A step, and the number of its first chunk. */
interface Numbered extends Step {
  readonly first: number;
}

/** Finds the step of a chunk by halves. */
function dispatch(steps: readonly Numbered[], c: Expression<'i32'>, room: Expression<'i32'>): Code {
  const middle = steps.length >> 1;
  if (middle === 0) return steps.map((step) => callOf(step, i32.sub(c, i32.const(step.first)), room));
  return when(
    i32.lt(c, i32.const(steps[middle]!.first)),
    dispatch(steps.slice(0, middle), c, room),
    dispatch(steps.slice(middle), c, room),
  );
}

const callOf = ({ callee, args, parts }: Step, part: Expression<'i32'>, room: Expression<'i32'>): Code =>
  call(
    callee,
    ...args.map((arg, k) => (arg === 'room' ? room : argument(arg, callee.params[k]!, parts === 1 ? null : part))),
  );

function argument(
  { at, step = 0, most = Number.POSITIVE_INFINITY }: Exclude<Argument, 'room'>,
  type: Type,
  part: Expression<'i32'> | null,
): Expression {
  if (type === 'f32') return f32.const(at);
  if (part === null || step === 0) return i32.const(Math.min(at, most));
  const own = i32.add(i32.const(at), i32.mul(part, i32.const(step)));
  return most === Number.POSITIVE_INFINITY ? own : select(i32.lt(own, i32.const(most)), own, i32.const(most));
}
