/** @file Draws a small case of an operator for a page: few numbers with one decimal, and the default readings. */
import * as fc from 'fast-check';
import { openReadings } from '../spec/readings.ts';
import { fill, type Layout, mapTensors, type Settings } from '../src/oracle/case.ts';
import type { Operator } from '../src/oracle/operator.ts';
import { sizeOf } from '../src/tensor/shape.ts';
import type { SmallCase } from './worked.ts';

/** The lengths of axes; 2 if not listed. */
const lengths: Readonly<Record<string, number>> = { b: 1, h: 1, t: 3 };

/** About as many input numbers as a reader takes in. */
const enough = 34;

/** All settings by name, at any depth. */
const flat = (settings: Settings): [string, unknown][] =>
  Object.entries(settings).flatMap(([name, x]) =>
    typeof x === 'object' && x !== null && !Array.isArray(x) ? flat(x as Settings) : [[name, x] as [string, unknown]],
  );

/** How well a layout suits a page; more is better. */
function merit({ inputs, settings }: Layout): number {
  const numbers = Object.values(inputs).reduce((total, { shape }) => total + sizeOf(shape), 0);
  const usual = flat(settings).filter(
    ([name, x]) =>
      openReadings.some((one) => one.name === name && one.default === x) ||
      (name === 'chunkSize' && x === 2) ||
      (name === 'decay' && (x as number[]).every((decay) => decay > 0.3 && decay < 0.95)),
  );
  return 100 * usual.length - Math.abs(numbers - enough);
}

/** The best of many drawn cases. Equal seeds give equal cases. */
export function smallCase(operator: Operator, seed: number): SmallCase {
  const layouts = fc.sample(
    operator.layouts({
      longest: 3,
      axis: (letter) => fc.constant(lengths[letter] ?? 2),
      without: operator.optIn ?? [],
    }),
    { numRuns: 1000, seed: 1 },
  );
  const layout = layouts.reduce((best, one) => (merit(one) > merit(best) ? one : best));
  const { inputs, settings } = fill(layout, seed, 'normal');
  const rounded = (x: number): number => (Math.abs(x) < 0.05 ? 0.1 : Math.round(10 * x) / 10);
  return {
    inputs: mapTensors(inputs, (x) => (x.kind === 'index' ? x : { ...x, data: x.data.map(rounded) })),
    settings,
  };
}
