/** @file Joins the manifests of the shards of a set of vectors into that of one run. */
import { quoted } from '../../io/text.ts';
import { fail } from '../../tensor/errors.ts';
import { type FrozenManifest, vectorsVersion } from '../../vectors/frozen/manifest.ts';
import { operators } from '../operators/index.ts';
import { rowsOf } from './choose.ts';
import { manifestOf, type RowEntries } from './files.ts';
import { type PresetName, presetNames, presets } from './presets.ts';

/** A shard: its manifest, and its folder, which messages name. */
export interface FrozenPart {
  readonly folder: string;
  readonly manifest: FrozenManifest;
}

/** Throws where parts are not all the shards of one set, each once. Returns how many there are, and the number of each. */
function numbersOf(parts: readonly FrozenPart[]): { readonly n: number; readonly indices: readonly number[] } {
  const [first] = parts as readonly [FrozenPart];
  const { preset, seed } = first.manifest;
  const shards = parts.map(({ folder, manifest }) => {
    if (manifest.vectors !== vectorsVersion)
      fail(`${folder}: has vectors ${manifest.vectors}, and this densessm joins ${vectorsVersion}`);
    if (manifest.preset !== preset || manifest.seed !== seed)
      fail(
        `${folder}: is of preset ${quoted(manifest.preset)} and seed ${manifest.seed}, and ${first.folder} of ${quoted(preset)} and ${seed}; join the shards of one set`,
      );
    const [i, n] = manifest.shard.split('/').map(Number) as [number, number];
    return { folder, i, n };
  });
  const [{ n }] = shards as unknown as readonly [(typeof shards)[number]];
  for (const [at, { folder, i, n: own }] of shards.entries()) {
    if (own !== n) fail(`${folder}: is shard ${i} of ${own}, and ${first.folder} of ${n}; join the shards of one set`);
    if (own === 1) fail(`${folder}: is a whole set; there is nothing to join`);
    const twice = shards.findIndex((one) => one.i === i);
    if (twice !== at) fail(`${folder}: is shard ${i} of ${n}, as ${shards[twice]!.folder} is; give each once`);
  }
  const missing = Array.from({ length: n }, (_, at) => at + 1).filter((i) => !shards.some((one) => one.i === i));
  if (missing.length > 0) fail(`merge: shard ${missing.join(', ')} of ${n} is missing; give the folder of each`);
  return { n, indices: shards.map(({ i }) => i - 1) };
}

/** The manifest of the whole of some shards: that which one run writes. Throws where they are not all those of one set. */
export function joinedManifest(parts: readonly FrozenPart[]): FrozenManifest {
  const { n, indices } = numbersOf(parts);
  const [{ manifest, folder }] = parts as readonly [FrozenPart];
  const preset = presetNames.find((name) => name === manifest.preset);
  if (preset === undefined) fail(`${folder}: has the preset ${quoted(manifest.preset)}, which is not known`);
  const found = new Map<string, { readonly at: number; readonly entries: RowEntries['entries'][number][] }>();
  for (const [at, part] of parts.entries())
    for (const entry of part.manifest.cases) {
      const key = keyOf(entry.operator, entry.mode, entry.type);
      const row = found.get(key) ?? { at, entries: [] };
      if (row.at !== at) fail(`${part.folder}: has ${key}, as ${parts[row.at]!.folder} has; they are not of one set`);
      row.entries.push(entry);
      found.set(key, row);
    }
  // a set has all rows of an operator, and rows take turns
  const rows = rowsOfSet(preset, new Set(parts.flatMap((part) => part.manifest.cases.map((entry) => entry.operator))));
  const joined = rows.map(({ key, row }, place) => {
    const own = found.get(key);
    if (own === undefined) fail(`merge: no shard has ${key}; they are not of one set`);
    if (indices[own.at] !== place % n)
      fail(`${parts[own.at]!.folder}: has ${key}, which is of shard ${(place % n) + 1}; they are not of one set`);
    return { row, entries: own.entries };
  });
  const odd = [...found.keys()].find((key) => !rows.some((one) => one.key === key));
  if (odd !== undefined) fail(`merge: ${odd} is not of the preset ${preset}; the folders are not of this densessm`);
  const files = joined.flatMap(({ entries }) => entries.map(({ file }) => file));
  const twice = files.find((file, at) => files.indexOf(file) !== at);
  if (twice !== undefined) fail(`merge: two shards have a file ${quoted(twice)}; they are not of one set`);
  return manifestOf({ preset, seed: manifest.seed, shard: '1/1' }, joined);
}

const keyOf = (operator: string, mode: string, type: string): string => `${operator} ${mode} ${type}`;

const rowsOfSet = (preset: PresetName, names: ReadonlySet<string>) =>
  rowsOf(
    presets[preset],
    operators.filter(({ name }) => names.has(name)),
  ).map((row) => ({ row, key: keyOf(row.operator.name, row.mode, row.dtype) }));
