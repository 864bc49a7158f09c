/** @file Names the sizes of sets of vectors. */
import type { Dtype } from '../backends/backend.ts';
import { partsOf } from '../batches/rows.ts';
import { faults } from '../faults.ts';
import type { Operator } from '../operator.ts';

/** How many cases of what sizes a set has. */
export interface Preset {
  /** A few words for the help. */
  readonly says: string;
  /** The types in which a mode has cases. */
  dtypesOf(mode: string): readonly Dtype[];
  /** The most cases of an operator in a mode and type. */
  readonly cases: number;
  /** The number of cases among which these are chosen. */
  readonly candidates: number;
  /** The most numbers that the inputs of a case have, if an operator has such small ones. */
  readonly most: number;
  /** Chooses among the modes of an operator. */
  modesOf(operator: Operator, modes: readonly string[]): readonly string[];
}

const isPlain = (row: string): boolean => partsOf(row).kind === null;

/** The mode with the most known faults, the first one of several, and chunkwise mode, where carries are lost. */
function mostFaulty(operator: Operator, modes: readonly string[]): string[] {
  const count = (mode: string): number =>
    faults.filter((fault) => fault.operator === operator && fault.mode === mode).length;
  const most = modes.reduce((a, b) => (count(b) > count(a) ? b : a));
  return modes.filter((mode) => mode === most || mode === 'chunkwise');
}

/** The sizes of sets of vectors, by name. */
export const presets = {
  nano: {
    says: 'a small case of each operator in one or two modes, in F32, under 1 MB',
    dtypesOf: () => ['F32'],
    cases: 1,
    candidates: 6,
    most: 250,
    modesOf: (operator, modes) => mostFaulty(operator, modes.filter(isPlain)),
  },
  minimal: {
    says: 'each operator in each mode, in F32',
    dtypesOf: () => ['F32'],
    cases: 2,
    candidates: 9,
    most: 500,
    modesOf: (_operator, modes) => modes.filter(isPlain),
  },
  full: {
    says: 'each operator in each mode, in F32, F64 and BF16; packed and padded batches in F32',
    dtypesOf: (mode) => (isPlain(mode) ? ['F32', 'F64', 'BF16'] : ['F32']),
    cases: 2,
    candidates: 9,
    most: 800,
    modesOf: (_operator, modes) => modes,
  },
} as const satisfies Readonly<Record<string, Preset>>;

/** The name of a preset. */
export type PresetName = keyof typeof presets;

/** The names of the presets, from small to large. */
export const presetNames = Object.keys(presets) as readonly PresetName[];
