/** @file Finds the loop in a trace, which has unrolled it: a run of steps that repeats with moved slices. */
import type { SliceParams } from '../../tensor/primitives/slice.ts';
import { sameShape } from '../../tensor/shape.ts';
import type { Ref, Step, Trace } from './trace.ts';

/** A loop in a trace: `turns` turns of `length` steps each, from step `start` on. */
export interface Loop {
  readonly start: number;
  readonly length: number;
  readonly turns: number;
  /** By how much the slices of a step of the body move in a turn; absent where they stay. */
  readonly moves: ReadonlyMap<number, number>;
  /** The steps of the body whose results the next turn reads, each with what the first turn reads in place of them. */
  readonly carried: ReadonlyMap<number, Ref>;
  /** The steps of the body whose results of all turns, in their order, are operands of a step after the loop. */
  readonly collected: ReadonlySet<number>;
}

/** Whether two operands of steps a turn apart are the same but for the turn. */
function isNext(one: Ref, next: Ref, length: number): boolean {
  if (one.kind === 'step') return next.kind === 'step' && (next.at === one.at || next.at === one.at + length);
  if (one.kind === 'input') return next.kind === 'input' && next.name === one.name;
  return isSameConstant(one, next);
}

const isSameConstant = (one: Ref, other: Ref): boolean =>
  one.kind === 'constant' &&
  other.kind === 'constant' &&
  sameShape(one.shape, other.shape) &&
  one.data.every((x, i) => Object.is(x, other.data[i]));

const isSameRef = (one: Ref, other: Ref): boolean =>
  one.kind === 'step'
    ? other.kind === 'step' && other.at === one.at
    : one.kind === 'input'
      ? other.kind === 'input' && other.name === one.name
      : isSameConstant(one, other);

/** The longest body of a loop that is looked for. */
const longestBody = 256;

/** A number for each step, equal where steps differ at most in their operands and in where a slice begins. */
function kindsOf(steps: readonly Step[]): number[] {
  const known = new Map<string, number>();
  return steps.map(({ name, shape, params }) => {
    const text = JSON.stringify([name, shape, name === 'slice' ? (params as SliceParams).axis : params]);
    if (!known.has(text)) known.set(text, known.size);
    return known.get(text)!;
  });
}

/** By how much a slice moves from one step to another; 0 for other steps. */
const moveOf = (one: Step, next: Step): number =>
  one.name === 'slice' ? (next.params as SliceParams).start - (one.params as SliceParams).start : 0;

/** How many steps from `start` on equal the steps `length` later but for the turn. */
function runFrom(steps: readonly Step[], kinds: readonly number[], start: number, length: number): number {
  let at = start;
  for (; at + length < steps.length && kinds[at] === kinds[at + length]; at++) {
    const [one, next] = [steps[at]!.operands, steps[at + length]!.operands];
    if (!one.every((ref, i) => isNext(ref, next[i]!, length))) break;
  }
  return at - start;
}

/** Finds the loop that saves most steps; undefined where nothing repeats three times. */
export function loopIn(trace: Trace): Loop | undefined {
  const { steps } = trace;
  const kinds = kindsOf(steps);
  let best: Loop | undefined;
  const saved = (one: Loop | undefined): number => (one === undefined ? 0 : (one.turns - 1) * one.length);
  for (let length = 1; length <= longestBody && length * 3 <= steps.length; length++) {
    for (let start = 0; start + 3 * length <= steps.length; ) {
      const run = runFrom(steps, kinds, start, length);
      // a body may begin anywhere: the first turn is whole where it begins with what reads the turn before
      for (let phase = 0; phase < Math.min(length, run - 2 * length + 1); phase++) {
        const turns = Math.floor((run - phase) / length) + 1;
        if (turns * length <= saved(best)) break;
        const loop = loopFrom(trace, kinds, start + phase, length, turns);
        if (saved(loop) > saved(best)) best = loop;
      }
      start += Math.max(1, run - length + 1);
    }
  }
  return best;
}

/** Makes a loop of the turns from `start` on, and of the one before where it fits; undefined where later steps read single turns. */
function loopFrom(
  trace: Trace,
  kinds: readonly number[],
  start: number,
  length: number,
  turns: number,
): Loop | undefined {
  const isBefore = start >= length && kinds.slice(start - length, start).every((kind, i) => kind === kinds[start + i]);
  return (
    (isBefore ? loopOf(trace, start - length, length, turns + 1) : undefined) ?? loopOf(trace, start, length, turns)
  );
}

function loopOf({ steps, outputs }: Trace, start: number, length: number, turns: number): Loop | undefined {
  const end = start + turns * length;
  const [moves, carried] = [new Map<number, number>(), new Map<number, Ref>()];
  for (let place = 0; place < length; place++) {
    const [first, second] = [steps[start + place]!, steps[start + length + place]!];
    const move = moveOf(first, second);
    if (move !== 0) moves.set(place, move);
    for (let turn = 2; turn < turns; turn++) {
      const step = steps[start + turn * length + place]!;
      if (moveOf(first, step) !== turn * move) return undefined;
      const later = (ref: Ref): Ref =>
        ref.kind === 'step' && ref.at >= start ? { kind: 'step', at: ref.at + (turn - 1) * length } : ref;
      if (!second.operands.every((ref, i) => isSameRef(later(ref), step.operands[i]!))) return undefined;
    }
    for (const [i, next] of second.operands.entries()) {
      const one = first.operands[i]!;
      if (next.kind !== 'step' || next.at < start) {
        // the same in all turns
        if (!isSameRef(one, next)) return undefined;
      } else if (next.at < start + length) {
        // the result of the turn before
        if (one.kind === 'step' && one.at >= start) return undefined;
        const from = next.at - start;
        if (!isSameRef(carried.get(from) ?? one, one)) return undefined;
        carried.set(from, one);
      } else if (one.kind !== 'step' || one.at !== next.at - length) return undefined;
    }
  }
  const collected = new Set<number>();
  const isSingle = (ref: Ref): boolean => ref.kind === 'step' && ref.at >= start && ref.at < end - length;
  if (Object.values(outputs).some(isSingle)) return undefined;
  for (const { operands } of steps.slice(end)) {
    for (const [i, one] of operands.entries()) {
      if (one.kind !== 'step' || !isSingle(one)) continue;
      const place = (one.at - start) % length;
      const first = i - (one.at - start - place) / length;
      if (!isWhole(operands, first, start + place, length, turns)) return undefined;
      collected.add(place);
    }
  }
  return { start, length, turns, moves, carried, collected };
}

/** Whether operands from `first` on are the results of a step in all turns, in their order. */
export const isWhole = (operands: readonly Ref[], first: number, at: number, length: number, turns: number): boolean =>
  Array.from({ length: turns }, (_, turn) => operands[first + turn]).every(
    (ref, turn) => ref?.kind === 'step' && ref.at === at + turn * length,
  );
