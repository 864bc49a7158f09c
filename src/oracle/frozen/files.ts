/** @file Makes the files of a set of vectors: a safetensors file for each case, and the manifest. */
import { formatSafetensors, type TensorToStore } from '../../io/safetensors.ts';
import {
  type FrozenEntry,
  type FrozenManifest,
  manifestSchema,
  vectorsVersion,
} from '../../vectors/frozen/manifest.ts';
import type { Dtype } from '../backends/backend.ts';
import { askedBatch, sentCase } from '../batches/asked.ts';
import type { Case, Tensor } from '../case.ts';
import type { Operator } from '../operator.ts';
import { faultsIn } from './caught.ts';
import { chosenIn, type FrozenCase, type FrozenRow, operatorOf, rowsOf } from './choose.ts';
import { type PresetName, presets } from './presets.ts';

/** The set to write. */
export interface FrozenSet {
  readonly preset: PresetName;
  readonly seed: number;
  /** The operators, all of them in the order of the registry. */
  readonly operators: readonly Operator[];
  /** The part of the rows to write: every row whose number has this rest, in so many parts. */
  readonly shard: { readonly index: number; readonly count: number };
}

/** A case as a file, with its entry in the manifest. */
export interface FrozenFile {
  readonly bytes: Uint8Array;
  readonly entry: FrozenEntry;
}

/** The inputs and cotangents of a case as a program gets them, in its type: `in/…` and `cotangent/…`. */
export function givenTensors(row: FrozenRow, c: Case): Map<string, TensorToStore> {
  const { operator } = operatorOf(row);
  const { inputs, cotangents } = sentCase(operator, c);
  const stored = (kind: string, { shape, data, kind: of }: Tensor): [string, TensorToStore] => [
    kind,
    { dtype: of === 'index' ? 'I32' : row.dtype, shape, data },
  ];
  return new Map([
    ...Object.entries({ ...inputs, ...askedBatch(operator, c)?.tensors }).map(([name, x]) => stored(`in/${name}`, x)),
    ...Object.entries(cotangents).map(([name, x]) => stored(`cotangent/${name}`, x)),
  ]);
}

/** The equations that an operator computes, or the file of its definition. */
export const definitionOf = ({ equations = [], chapter }: Operator): Pick<FrozenEntry, 'equations' | 'definition'> => ({
  equations,
  ...(chapter !== undefined && { definition: chapter }),
});

/** Makes the file of a case, the `n`th of its row. */
export function fileOf(frozen: FrozenCase, n: number, sha256: (bytes: Uint8Array) => string): FrozenFile {
  const { operator, mode, dtype, c, replay, accepted, catches } = frozen;
  const tensors = givenTensors(frozen, c);
  for (const [name, { shape, right, bounds }] of Object.entries(accepted.tensors)) {
    tensors.set(`right/${name}`, { dtype: 'F64', shape, data: right });
    tensors.set(`bound/${name}`, { dtype: 'BF16', shape, data: bounds });
  }
  const said = { vectors: vectorsVersion, operator: operator.name, mode, type: dtype };
  const bytes = formatSafetensors(tensors, new Map(Object.entries({ ...said, settings: JSON.stringify(c.settings) })));
  const file = `${[operator.name, ...mode.split('/'), dtype, n].join('-')}.safetensors`;
  const entry: FrozenEntry = {
    ...{ file, bytes: bytes.length, sha256: sha256(bytes) },
    ...{ operator: operator.name, mode, type: dtype },
    ...definitionOf(operator),
    profiles: accepted.profiles.map(({ name }) => name),
    ...{ settings: c.settings, ...replay, catches },
    tensors: Object.entries(accepted.tensors).map(([name, { dtypes, shape, period }]) => ({
      ...{ name, types: dtypes as readonly Dtype[], shape },
      ...(period !== undefined && { period }),
    })),
  };
  return { bytes, entry };
}

/** The entries of the cases of a row. */
export interface RowEntries {
  readonly row: FrozenRow;
  readonly entries: readonly FrozenEntry[];
}

/** The manifest of rows, with a sentence for each fault that a case catches. */
export function manifestOf(
  set: Pick<FrozenManifest, 'preset' | 'seed' | 'shard'>,
  rows: readonly RowEntries[],
): FrozenManifest {
  const faults: Record<string, Record<string, string>> = {};
  for (const { row, entries } of rows) {
    const caught = new Set(entries.flatMap(({ catches }) => catches));
    const { operator, mode } = operatorOf(row);
    for (const { name, says } of faultsIn(operator, mode)) {
      if (!caught.has(name)) continue;
      faults[row.operator.name] ??= {};
      faults[row.operator.name]![name] ??= says;
    }
  }
  const { preset, seed, shard } = set;
  const cases = rows.flatMap(({ entries }) => entries);
  return { ...manifestSchema, vectors: vectorsVersion, preset, seed, shard, faults, cases };
}

/** Makes the files of a set, row by row. `onRow` is called after each, with how many are done, and of how many. */
export function filesOf(
  { preset, seed, operators, shard }: FrozenSet,
  sha256: (bytes: Uint8Array) => string,
  onRow: (row: FrozenRow, done: number, total: number) => void = () => {},
): { readonly files: readonly FrozenFile[]; readonly manifest: FrozenManifest } {
  const rows = rowsOf(presets[preset], operators).filter((_, i) => i % shard.count === shard.index);
  const files = rows.map((row, i) => {
    const own = chosenIn(row, presets[preset], seed).map((one, n) => fileOf(one, n + 1, sha256));
    onRow(row, i + 1, rows.length);
    return { row, own };
  });
  const part = `${shard.index + 1}/${shard.count}`;
  const entries = files.map(({ row, own }): RowEntries => ({ row, entries: own.map(({ entry }) => entry) }));
  return { files: files.flatMap(({ own }) => own), manifest: manifestOf({ preset, seed, shard: part }, entries) };
}
