/** @file Places of a model's parameters among the tensors of another project: found by names, read, and written. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { type Shape, sameShape, show, sizeOf } from '../../tensor/shape.ts';
import type { DType } from '../dtypes.ts';
import type { TensorToStore } from '../safetensors.ts';
import type { TensorsOnDisk } from '../safetensors-file.ts';
import { quoted } from '../text.ts';

/** Parameters as one list, in the order of the model's shapes. */
export type Numbers = Float32Array | Float64Array;

/** Shapes of our parameters by path. */
type Shapes = Readonly<Record<string, Shape>>;

/** A tensor of theirs. */
export interface Place {
  readonly name: string;
  readonly shape: Shape;
  /**
   * What it holds: numbers of `ours`, which follow each other; a `copy` of one of them; a `table`, which follows from the configuration;
   * or numbers that are `unused`, all of one value where we write them.
   */
  readonly holds:
    | { readonly ours: readonly string[] }
    | { readonly copy: string; readonly isWritten: boolean }
    | { readonly table: Float64Array }
    | { readonly unused: number };
}

/** Names of theirs for our parameters. Where two of ours have one name, their rows follow each other in the order given here. */
export interface Names {
  /** By path: those outside of layers. */
  readonly model: Readonly<Record<string, string>>;
  readonly layer: (l: number) => string;
  /** By field of a layer. */
  readonly fields: Readonly<Record<string, string>>;
  /** Shapes that are others than ours, by the name in `fields`. */
  readonly reshaped?: Readonly<Record<string, Shape>>;
}

/** The places of our parameters. Throws on one that has no name there. */
export function placesOf(shapes: Shapes, names: Names, project: string): Place[] {
  const layers = new Set(Object.keys(shapes).flatMap((path) => /^layers\.(\d+)\./.exec(path)?.[1] ?? []));
  const named: [path: string, name: string, field: string][] = [
    ...Object.entries(names.model).map(([path, name]): [string, string, string] => [path, name, name]),
    ...[...layers].flatMap((l) =>
      Object.entries(names.fields).map(([field, name]): [string, string, string] => [
        `layers.${l}.${field}`,
        `${names.layer(Number(l))}${name}`,
        name,
      ]),
    ),
  ];
  const places = new Map<string, { ours: string[]; shape: Shape }>();
  for (const [path, name, field] of named) {
    const shape = shapes[path];
    if (shape === undefined) continue;
    const { ours, shape: before } = places.get(name) ?? { ours: [], shape: [0] };
    const joined = ours.length === 0 ? shape : [before[0]! + shape[0]!, ...shape.slice(1)];
    places.set(name, { ours: [...ours, path], shape: names.reshaped?.[field] ?? joined });
  }
  const found = new Set([...places.values()].flatMap(({ ours }) => ours));
  const lost = Object.keys(shapes).find((path) => !found.has(path));
  if (lost !== undefined) fail(`${project} has no place for the parameter ${lost}; it cannot be exported so`);
  return [...places].map(([name, { ours, shape }]) => ({ name, shape, holds: { ours } }));
}

/** Where each of our parameters begins in the list of all. */
function beginnings(shapes: Shapes): Map<string, number> {
  let end = 0;
  return new Map(
    Object.entries(shapes).map(([path, shape]) => {
      const begin = end;
      end += sizeOf(shape);
      return [path, begin];
    }),
  );
}

/** Some names in an error. */
const some = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;

/** Throws one error with what is missing, surplus and misshaped. */
function checkNames(found: TensorsOnDisk, places: readonly Place[], where: string): void {
  const { tensors, skipped } = found;
  const known = new Set(places.map(({ name }) => name));
  const surplus = [...tensors.keys()].filter((name) => !known.has(name));
  const missing = places.filter(({ name, holds }) => 'ours' in holds && !tensors.has(name));
  const misshaped = places.filter(
    ({ name, shape, holds }) => !('unused' in holds || sameShape(tensors.get(name)?.shape ?? shape, shape)),
  );
  const problems = [
    missing.length > 0 &&
      `${missing.length} missing: ${some(
        missing.map(({ name, shape }) => {
          const reason = skipped.get(name);
          return `${quoted(name)} ${show(shape)}${reason === undefined ? didYouMean(name, surplus) : `, which ${reason}`}`;
        }),
      )}`,
    surplus.length > 0 && `${surplus.length} without a place in this model: ${some(surplus.map(quoted))}`,
    misshaped.length > 0 &&
      `${misshaped.length} of another shape: ${some(
        misshaped.map(
          ({ name, shape }) => `${quoted(name)} is ${show(tensors.get(name)!.shape)}, by the config ${show(shape)}`,
        ),
      )}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) fail(`${where}: of its tensors ${problems.join('; ')}; correct the files or config.json`);
}

/** Largest relative difference of a table of theirs, which is computed in single precision: the rest is its own rounding. */
const tableTolerance = (dtype: DType): number => (dtype === 'F16' ? 2 ** -9 : dtype === 'BF16' ? 2 ** -7 : 1e-5);

/** The numbers of our parameters from their tensors: in double precision if any tensor of theirs is. Throws where they do not fit the places, and on numbers that are not finite. */
export function readPlaces(found: TensorsOnDisk, places: readonly Place[], shapes: Shapes, where: string): Numbers {
  checkNames(found, places, where);
  const tensors = places.filter(({ name, holds }) => 'ours' in holds && found.tensors.has(name));
  const isDouble = tensors.some(({ name }) => found.tensors.get(name)!.dtype === 'F64');
  const total = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const params = isDouble ? new Float64Array(total) : new Float32Array(total);
  const begins = beginnings(shapes);
  for (const { name, holds } of places) {
    if (!('ours' in holds)) continue;
    const data = found.tensors.get(name)!.read();
    const wrong = data.findIndex((x) => !Number.isFinite(x));
    if (wrong >= 0) fail(`${where}: ${quoted(name)} has ${data[wrong]} at element ${wrong}; take another file`);
    let at = 0;
    for (const path of holds.ours) {
      const size = sizeOf(shapes[path]!);
      params.set(data.subarray(at, at + size), begins.get(path)!);
      at += size;
    }
  }
  for (const { name, holds } of places) {
    const tensor = found.tensors.get(name);
    if (tensor === undefined) continue;
    if ('copy' in holds) {
      const begin = begins.get(holds.copy)!;
      if (tensor.read().some((x, i) => !Object.is(isDouble ? x : Math.fround(x), params[begin + i])))
        fail(
          `${where}: ${quoted(name)} differs from the tensor that the config ties it to; set its tie to false there`,
        );
    }
    if ('table' in holds && tensor.read().some((x, i) => !isNear(x, holds.table[i]!, tableTolerance(tensor.dtype))))
      fail(`${where}: ${quoted(name)} has other numbers than the model's own; it would be another function`);
  }
  return params;
}

const isNear = (x: number, own: number, by: number): boolean => Math.abs(x - own) <= by * Math.abs(own);

/** Their tensors from our parameters, in the precision of these. */
export function writePlaces(params: Numbers, places: readonly Place[], shapes: Shapes): Map<string, TensorToStore> {
  const dtype = params instanceof Float64Array ? 'F64' : 'F32';
  const begins = beginnings(shapes);
  const numbersOf = (path: string): Numbers => {
    const begin = begins.get(path)!;
    return params.subarray(begin, begin + sizeOf(shapes[path]!));
  };
  const tensors = new Map<string, TensorToStore>();
  for (const { name, shape, holds } of places) {
    if ('copy' in holds && !holds.isWritten) continue;
    tensors.set(name, { dtype, shape, data: dataOf(holds, shape, numbersOf) });
  }
  return tensors;
}

function dataOf(holds: Place['holds'], shape: Shape, numbersOf: (path: string) => Numbers): ArrayLike<number> {
  if ('copy' in holds) return numbersOf(holds.copy);
  if ('table' in holds) return holds.table;
  if ('unused' in holds) return new Float32Array(sizeOf(shape)).fill(holds.unused);
  const parts = holds.ours.map(numbersOf);
  if (parts.length === 1) return parts[0]!;
  const all = new Float64Array(sizeOf(shape));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
