/** @file Formats the sharpness of bounds as a row of a table for each profile, and names what is not sharp. */
import type { Profile } from '../../../src/executors/profiles/profile.ts';
import type { Fate } from './escapes.ts';
import { type ModeSharpness, type Share, sharpnessAt } from './sharpness.ts';

/** The header of the table. */
export const head = [
  'profile',
  'faults rejected by outputs',
  'by gradients alone',
  'too small for the type',
  'other escapes',
  'median error / bound',
  'lowest of a mode',
  'modes of at most 1 %',
  '8 u, few roundings: rejected',
  'right as a form',
  '8 u, any: rejected',
] as const;

/** A median at most this large says that the bound says little. */
const littleSaid = 0.01;

const percent = (x: number): string => `${Number((100 * x).toPrecision(1))} %`;
const share = (part: number, planted: number): string => `${Math.floor((100 * part) / planted)} %`;
const sum = (shares: readonly Share[]): Share => ({
  planted: shares.reduce((total, { planted }) => total + planted, 0),
  rejected: shares.reduce((total, { rejected }) => total + rejected, 0),
  byForm: shares.reduce((total, { byForm }) => total + byForm, 0),
});

/** Formats the row of a profile. */
export function rowOf({ name }: Profile, modes: readonly ModeSharpness[]): string[] {
  const fates = modes.flatMap((one) => one.fates.map(({ fate }) => fate));
  const count = (...wanted: Fate[]): string => `${fates.filter((fate) => wanted.includes(fate)).length}`;
  const [few, all] = [sum(modes.map((one) => one.few)), sum(modes.map((one) => one.all))];
  const medians = modes.map(({ median }) => median).sort((a, b) => a - b);
  return [
    `\`${name}\``,
    count('outputs'),
    count('gradients'),
    count('coarse', 'rounding'),
    count('equal', 'form'),
    percent(medians[medians.length >> 1]!),
    percent(medians[0]!),
    `${medians.filter((median) => median <= littleSaid).length} of ${medians.length}`,
    share(few.rejected, few.planted),
    share(few.byForm, few.planted),
    share(all.rejected, all.planted),
  ];
}

/** Names each fault that escapes, each low median, and each number of few roundings whose error is accepted. */
export const notesOf = ({ name }: Profile, modes: readonly ModeSharpness[]): string[] =>
  modes.flatMap(({ operator, mode, median, few, fates }) => {
    const where = `${name} ${operator.name} ${mode}`;
    return [
      ...fates
        .filter(({ fate }) => fate !== 'outputs' && fate !== 'gradients')
        .map(({ fault, fate }) => `${where}: '${fault.name}' escapes: ${fate}`),
      ...(median <= littleSaid ? [`${where}: the median of error / bound is ${percent(median)}`] : []),
      ...(few.rejected + few.byForm < few.planted
        ? [`${where}: ${few.planted - few.rejected - few.byForm} of ${few.planted} errors of 8 u are accepted`]
        : []),
      ...(few.byForm > 0 ? [`${where}: ${few.byForm} of ${few.planted} errors of 8 u are right as a form`] : []),
    ];
  });

/** Measures a profile: its row, and its notes. */
export function measured(profile: Profile): { readonly row: string[]; readonly notes: string[] } {
  const modes = [...sharpnessAt(profile)];
  return { row: rowOf(profile, modes), notes: notesOf(profile, modes) };
}
