/** @file Runs a mode on a backend's taps: compares each with what the mode computes of those before it, and goes on from the backend's own numbers. */
import { boundOf } from '../../../executors/bounded/index.ts';
import type { Profile } from '../../../executors/profiles/profile.ts';
import { watching } from '../../../executors/recording.ts';
import type { StoredTensor } from '../../../io/safetensors.ts';
import { stored } from '../../../tensor/primitives/stored.ts';
import { sizeOf, stridesOf } from '../../../tensor/shape.ts';
import type { Executor, Value } from '../../../tensor/value.ts';
import type { Dtype } from '../../backends/backend.ts';
import type { Tap } from '../../taps.ts';
import { profilesOf } from '../verdict/allowed.ts';
import { type Place, ratioOf } from '../verdict/place.ts';
import { isWithin, type Limit, sizeOf as largestOf } from '../verdict/verdict.ts';

type Answered = ReadonlyMap<string, StoredTensor>;

/** How a tap compares with what a mode computes of the taps before it. */
export interface ComparedTap {
  readonly tap: Tap;
  /** The number that diverges first, in the order in which the mode computes; null if all are right. */
  first: Place | null;
  /** How many numbers diverge. */
  wrong: number;
  /** How many numbers were compared: those with a bound. */
  compared: number;
}

/** A run on a backend's taps. */
export interface Restarting {
  /** Makes the executor that compares taps, and puts them in the places of its own values. */
  through(on: Executor): Executor;
  /** The taps that the program computed, in the order in which it began to compute them. */
  compared(): readonly ComparedTap[];
}

/**
 * Returns a run on taps at a profile. The first executor, which is bounded, compares; later ones only go on from the taps. A tap counts with one rounding to
 * its type, as a kernel may compute on with what it had before it stored it. `limit` is that on bounds by which another formula explains a number.
 */
export function restarting(
  taps: Readonly<Record<string, Tap>>,
  answered: Answered,
  { profile, limit }: { readonly profile: Profile; readonly limit: Limit | null },
): Restarting {
  const all = new Map<string, ComparedTap>();
  let isFirst = true;
  return {
    through(base) {
      const compares = isFirst;
      isFirst = false;
      const done = new Map<string, number>();
      return watching(base, (name, x) => {
        const tap = taps[name];
        const own = answered.get(name);
        const start = done.get(name) ?? 0;
        if (tap === undefined || own === undefined) return x.data;
        const entries = entriesOf(tap, x, start);
        if (entries === null) return x.data;
        done.set(name, start + entries.steps);
        const known = all.get(name) ?? { tap, first: null, wrong: 0, compared: 0 };
        if (compares) {
          all.set(name, known);
          compare(known, x, entries.at, own.data, limit);
        }
        return replaced(
          base,
          x,
          entries.at,
          own.data,
          profilesOf[own.dtype as Dtype][0].at.output.u / profile.at.elementwise.u,
        );
      });
    },
    compared: () => [...all.values()],
  };
}

/** The element of the tap for each element of a value (−1 where it has none, as in padding), and how many steps the value is. */
interface Entries {
  readonly at: Int32Array;
  readonly steps: number;
}

/** Returns where a value stands in a tap, from a step on; null where their shapes do not go together. */
function entriesOf({ shape, order, along }: Tap, { shape: given }: Value, start: number): Entries | null {
  const lengths = order.map((axis) => shape[axis]!);
  const isStep = given.length === lengths.length - 1 && along >= 0;
  const own = isStep ? given.toSpliced(along, 0, 1) : given;
  const fits = own.length === lengths.length && own.every((length, axis) => axis === along || length <= lengths[axis]!);
  if (!fits) return null;
  const [strides, ofTap] = [stridesOf(own), stridesOf(shape)];
  const at = new Int32Array(sizeOf(own)).map((_, i) => {
    let place = 0;
    for (let axis = 0; axis < own.length; axis++) {
      const index = (Math.floor(i / strides[axis]!) % own[axis]!) + (axis === along ? start : 0);
      if (index >= lengths[axis]!) return -1;
      place += index * ofTap[order[axis]!]!;
    }
    return place;
  });
  return { at, steps: along < 0 ? 0 : own[along]! };
}

function compare(known: ComparedTap, x: Value, at: Int32Array, answered: Float64Array, limit: Limit | null): void {
  const expected = x.on.read(x.data);
  const bounds = boundOf(stored(x, 'output'));
  const largest = largestOf(expected);
  at.forEach((place, i) => {
    const [want, bound] = [expected[i]!, bounds[i]!];
    if (place < 0 || bound === Number.POSITIVE_INFINITY || !isWithin(limit, bound, want, largest)) return;
    known.compared++;
    const have = answered[place]!;
    const ratio = ratioOf(have, want, bound);
    if (ratio <= 1) return;
    known.wrong++;
    known.first ??= {
      tensor: `tap/${known.tap.name}`,
      element: place,
      expected: want,
      answered: have,
      bound,
      ratio,
      by: 'bound',
    };
  });
}

/** The value with the tap's numbers. What the tap lacks, and numbers that are not finite, stay. */
function replaced(on: Executor, x: Value, at: Int32Array, answered: Float64Array, units: number): unknown {
  const own = x.on.read(x.data);
  const isTaken = (i: number): boolean => at[i]! >= 0 && Number.isFinite(answered[at[i]!]!);
  const data = Float64Array.from(own, (value, i) => (isTaken(i) ? answered[at[i]!]! : value));
  return on.constant(data, x.shape, (value) => Math.abs(value) * units);
}
