/** @file Lists variants of a failing case without something unusual: states, cotangents, -∞, large numbers, a position. */
import { isState } from '../../axes.ts';
import { type Case, mapTensors, type Tensor, type Tensors } from '../../case.ts';
import type { Operator } from '../../operator.ts';

/** A variant, and what it means if it is right. */
export type Variant = readonly [says: string, c: Case];

/** The largest size of numbers that counts as usual. */
const usualSize = 4;

const isZeros = ({ data }: Tensor): boolean => data.every((x) => x === 0);

/** The tensors with the numbers of some of them changed. */
const changed = (tensors: Tensors, f: (x: number) => number, only: (name: string) => boolean = () => true): Tensors =>
  mapTensors(tensors, (x, name) => (x.kind !== 'index' && only(name) ? { ...x, data: x.data.map(f) } : x));

/** Lists the variants of a case. Those of cotangents matter for gradients only. */
export function variants(operator: Operator, c: Case, isGradient: boolean): Variant[] {
  return [...ofStates(operator, c), ...(isGradient ? ofCotangents(c) : []), ...ofZeros(operator, c), ...ofNumbers(c)];
}

function ofStates(operator: Operator, c: Case): Variant[] {
  const states = Object.keys(c.inputs).filter((name) => isState(operator, name) && !isZeros(c.inputs[name]!));
  if (states.length === 0) return [];
  const what = states.length > 1 ? 'the states are' : `${states[0]} is`;
  const inputs = changed(
    c.inputs,
    () => 0,
    (name) => states.includes(name),
  );
  return [[`right where ${what} zeros`, { ...c, inputs }]];
}

/** Cotangents as zeros, if others stay: without any, every gradient is zero. And cotangents of zeros as ones. */
function ofCotangents(c: Case): Variant[] {
  const [zeros, others] = [true, false].map((want) =>
    Object.keys(c.cotangents).filter((name) => isZeros(c.cotangents[name]!) === want),
  );
  const put = (name: string, value: number): Case => ({
    ...c,
    cotangents: changed(
      c.cotangents,
      () => value,
      (own) => own === name,
    ),
  });
  return [
    ...(others!.length < 2 ? [] : others!).map(
      (name): Variant => [`right where the cotangent of ${name} is zeros`, put(name, 0)],
    ),
    ...zeros!.map((name): Variant => [`wrong only where the cotangent of ${name} is zeros`, put(name, 1)]),
  ];
}

/** States of zeros as ones. */
function ofZeros(operator: Operator, c: Case): Variant[] {
  const zeros = Object.keys(c.inputs).filter((name) => isState(operator, name) && isZeros(c.inputs[name]!));
  return zeros.map((name): Variant => {
    const inputs = changed(
      c.inputs,
      () => 1,
      (own) => own === name,
    );
    return [`wrong only where ${name} is zeros`, { ...c, inputs }];
  });
}

function ofNumbers(c: Case): Variant[] {
  const numbers = Object.values(c.inputs).flatMap(({ data, kind }) => (kind === 'index' ? [] : [...data]));
  const isLarge = numbers.some((x) => Number.isFinite(x) && Math.abs(x) > usualSize);
  const limited = (x: number): number => (Number.isFinite(x) ? Math.max(-usualSize, Math.min(usualSize, x)) : x);
  const open = (x: number): number => (x === Number.NEGATIVE_INFINITY ? -1 : x);
  const { position } = c.settings;
  return [
    ...(numbers.includes(Number.NEGATIVE_INFINITY)
      ? [['right where no input is -∞', { ...c, inputs: changed(c.inputs, open) }] as const]
      : []),
    ...(isLarge
      ? [
          [
            `right where the inputs lie between -${usualSize} and ${usualSize}`,
            { ...c, inputs: changed(c.inputs, limited) },
          ] as const,
        ]
      : []),
    ...(typeof position === 'number' && position > 0
      ? [['right where position is 0', { ...c, settings: { ...c.settings, position: 0 } }] as const]
      : []),
  ];
}
