/** @file Lists variants of a failing case without something unusual: states, cotangents, -∞, large numbers, a position. */
import { isState } from '../../axes.ts';
import { type Case, mapTensors, type Tensor, type Tensors } from '../../case.ts';
import type { Operator } from '../../operator.ts';

/** A variant of a failing case. If it is right, `says` is what that means, unless it is false of another failing case. */
export interface Variant {
  readonly says: string;
  readonly c: Case;
  /** Whether a failing case contradicts it. */
  readonly isFalse: (failing: Case) => boolean;
}

/** The largest size of numbers that counts as usual. */
const usualSize = 4;

/** In place of an input that is absent. */
const noTensor: Tensor = { shape: [0], data: new Float64Array() };

const isZeros = ({ data }: Tensor): boolean => data.every((x) => x === 0);

/** The tensors with the numbers of some of them changed. */
const changed = (tensors: Tensors, f: (x: number) => number, only: (name: string) => boolean = () => true): Tensors =>
  mapTensors(tensors, (x, name) => (x.kind !== 'index' && only(name) ? { ...x, data: x.data.map(f) } : x));

/** Lists the variants of a case, other than `ofStates`. Those of cotangents matter for gradients only. */
export function variants(c: Case, isGradient: boolean): Variant[] {
  return [...(isGradient ? ofCotangents(c) : []), ...ofZeros(c), ...ofNumbers(c)];
}

/** A case with states of zeros; null if they are zeros already. */
export function ofStates(operator: Operator, c: Case): Pick<Variant, 'says' | 'c'> | null {
  const states = Object.keys(c.inputs).filter((name) => isState(operator, name));
  if (states.every((name) => isZeros(c.inputs[name]!))) return null;
  const what = states.length > 1 ? 'the states are' : `${states[0]} is`;
  const inputs = changed(
    c.inputs,
    () => 0,
    (name) => states.includes(name),
  );
  return { says: `right where ${what} zeros`, c: { ...c, inputs } };
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
      (name): Variant => ({
        says: `right where the cotangent of ${name} is zeros`,
        c: put(name, 0),
        isFalse: ({ cotangents }) => isZeros(cotangents[name] ?? noTensor),
      }),
    ),
    ...zeros!.map(
      (name): Variant => ({
        says: `wrong only where the cotangent of ${name} is zeros`,
        c: put(name, 1),
        isFalse: ({ cotangents }) => !isZeros(cotangents[name] ?? noTensor),
      }),
    ),
  ];
}

/** Inputs of zeros as other numbers, which most domains have. */
function ofZeros(c: Case): Variant[] {
  const zeros = Object.keys(c.inputs).filter((name) => c.inputs[name]!.kind !== 'index' && isZeros(c.inputs[name]!));
  return zeros.map((name): Variant => {
    const inputs = changed(
      c.inputs,
      () => 1 / 2,
      (own) => own === name,
    );
    return {
      says: `wrong only where ${name} is zeros`,
      c: { ...c, inputs },
      isFalse: (failing) => !isZeros(failing.inputs[name] ?? noTensor),
    };
  });
}

const numbersOf = ({ inputs }: Case): number[] =>
  Object.values(inputs).flatMap(({ data, kind }) => (kind === 'index' ? [] : [...data]));

const isUsual = (x: number): boolean => !Number.isFinite(x) || Math.abs(x) <= usualSize;

function ofNumbers(c: Case): Variant[] {
  const numbers = numbersOf(c);
  const limited = (x: number): number => (isUsual(x) ? x : Math.sign(x) * usualSize);
  const open = (x: number): number => (x === Number.NEGATIVE_INFINITY ? -1 : x);
  const { position } = c.settings;
  const all: (Variant & { readonly isThere: boolean })[] = [
    {
      isThere: numbers.includes(Number.NEGATIVE_INFINITY),
      says: 'right where no input is -∞',
      c: { ...c, inputs: changed(c.inputs, open) },
      isFalse: (failing) => !numbersOf(failing).includes(Number.NEGATIVE_INFINITY),
    },
    {
      isThere: !numbers.every(isUsual),
      says: `right where the inputs lie between -${usualSize} and ${usualSize}`,
      c: { ...c, inputs: changed(c.inputs, limited) },
      isFalse: (failing) => numbersOf(failing).every(isUsual),
    },
    {
      isThere: typeof position === 'number' && position > 0,
      says: 'right where position is 0',
      c: { ...c, settings: { ...c.settings, position: 0 } },
      isFalse: ({ settings }) => settings.position === 0,
    },
  ];
  return all.filter(({ isThere }) => isThere);
}
