/** @file Writes small sets of vectors, and folders of answers to them: right ones, and those of faults. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Profile } from '../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../src/executors/rounded/index.ts';
import { formatSafetensors, type TensorToStore } from '../../../src/io/safetensors.ts';
import type { Dtype } from '../../../src/oracle/backends/backend.ts';
import { profilesOf } from '../../../src/oracle/check/verdict/allowed.ts';
import { faultsIn } from '../../../src/oracle/frozen/caught.ts';
import { chosenIn, type FrozenCase, operatorOf, rowsOf } from '../../../src/oracle/frozen/choose.ts';
import { fileOf } from '../../../src/oracle/frozen/files.ts';
import type { Preset } from '../../../src/oracle/frozen/presets.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { asAnswered, evaluate, type Program } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';
import { manifestSchema, vectorsVersion } from '../../../src/vectors/frozen/manifest.ts';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The cases of some operators in a preset. */
export const casesOf = (preset: Preset, ...names: string[]): FrozenCase[] =>
  rowsOf(
    preset,
    operators.filter(({ name }) => names.includes(name)),
  ).flatMap((row) => chosenIn(row, preset, 1));

/** The name of the file of a case that is alone in its row. */
export const fileName = (one: FrozenCase): string => fileOf(one, 1, sha256).entry.file;

/** Writes cases, each alone in its row, as `vectors write` does. */
export function writeCases(folder: string, cases: readonly FrozenCase[]): void {
  const files = cases.map((one) => fileOf(one, 1, sha256));
  const manifest = {
    ...manifestSchema,
    ...{ vectors: vectorsVersion, preset: 'nano', seed: 1, shard: '1/1', faults: {} },
    cases: files.map(({ entry }) => entry),
  };
  mkdirSync(folder);
  for (const { bytes, entry } of files) writeFileSync(join(folder, entry.file), bytes);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

/** What an implementation of a program that rounds as a profile says answers to a case, in the type of the case. */
export function answerOf(one: FrozenCase, program: Program, profile: Profile): Map<string, TensorToStore> {
  const results = asAnswered(evaluate(program, one.c, rounded(profile, one.c.seed) as Executor));
  return new Map(
    Object.entries(results).map(([name, { shape, on, data }]) => [
      name,
      { dtype: one.dtype as Dtype, shape, data: on.read(data) },
    ]),
  );
}

/** The right answer, at the nth of the usual profiles. */
export function rightAnswer(one: FrozenCase, nth = 0): Map<string, TensorToStore> {
  const { operator, mode } = operatorOf(one);
  return answerOf(one, operator.modes[mode]!, profilesOf[one.dtype].at(nth)!);
}

/** The answer of a program with a known fault. */
export function faultyAnswer(one: FrozenCase, name: string): Map<string, TensorToStore> {
  const { operator, mode } = operatorOf(one);
  const fault = faultsIn(operator, mode).find((known) => known.name === name)!;
  return answerOf(one, fault.program, profilesOf[one.dtype][0]);
}

/** Writes a folder of answers. */
export function writeAnswers(
  folder: string,
  cases: readonly FrozenCase[],
  answer: (one: FrozenCase) => ReadonlyMap<string, TensorToStore>,
): void {
  mkdirSync(folder);
  for (const one of cases) writeFileSync(join(folder, fileName(one)), formatSafetensors(answer(one)));
}
