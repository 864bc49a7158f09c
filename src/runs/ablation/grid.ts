/** @file Makes the cells of a grid: every combination of the values to vary, each as settings of `train`. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { checkedSettings } from '../setting-rules.ts';
import { defaults, flagOf, hasDenseLayers, hasHeads, modelNames, readingNames, type Settings } from '../settings.ts';

/** What a grid is made of: fixed settings, values to vary by the option or reading that they are of, and seeds. The first values are the baseline. */
export interface Grid {
  readonly fixed: Partial<Settings>;
  readonly vary: Readonly<Record<string, readonly string[]>>;
  readonly seeds: readonly number[];
}

/** A cell: its values, without those that its model does not have, and its settings, without a seed and the width. */
export interface Cell {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly asked: Partial<Settings>;
}

/** Settings that a grid can vary. */
const variable: readonly (keyof Settings)[] = [
  ...(['model', 'layers', 'heads', 'denseLayers'] as const),
  ...(['rate', 'recipe', 'schedule', 'warmup', 'beta2', 'decay', 'decayOf', 'clip', 'dropout'] as const),
];

/** The name of a setting as its option has it. */
export const optionOf = (setting: string): string => flagOf(setting).replace(/^--/, '');

const settingOf = (name: string): keyof Settings | undefined => variable.find((one) => optionOf(one) === name);

/** Names of all readings of all models. */
const allReadings: readonly string[] = [...new Set(modelNames.flatMap(readingNames))];

/** Why a grid cannot vary a setting. */
const reasons: Readonly<Record<string, string>> = {
  width: 'each cell takes the width at which it has as many parameters as the first',
  seed: '--seeds gives the seeds, which pair the runs',
  ...Object.fromEntries(
    ['steps', 'batch', 'length', 'accumulate'].map((name) => [name, 'all runs train on as many tokens']),
  ),
};

/** Throws on a name that is neither a setting to vary nor a reading. */
function checkName(name: string): void {
  if (settingOf(name) !== undefined || allReadings.includes(name)) return;
  const known = [...variable.map(optionOf), ...allReadings];
  const setting = Object.keys(defaults).find((one) => optionOf(one) === name);
  if (setting !== undefined)
    fail(`ablate: ${name} cannot vary: ${reasons[setting] ?? `all runs have the same ${name}`}; give it as an option`);
  fail(
    `ablate: --vary ${name} is no option of train and no reading; use one of ${known.join(', ')}${didYouMean(name, known)}`,
  );
}

/** A value of a setting in its own type: those with words as values have no numbers. */
const typed = (value: string): string | number =>
  /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;

/** All combinations of values, the last name fastest. */
const combinations = (vary: Grid['vary']): Record<string, string>[] =>
  Object.entries(vary).reduce<Record<string, string>[]>(
    (all, [name, values]) => all.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );

const modelIn = (fixed: Partial<Settings>, values: Readonly<Record<string, string>>): string =>
  values.model ?? fixed.model ?? defaults.model;

/** The entries that a predicate holds of, by name. */
const only = <T>(all: Readonly<Record<string, T>>, has: (name: string) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => has(name)));

/** Names that only some models have, where a model has them: sizes, and readings. */
const ownNames = (model: string): string[] => [
  ...(hasHeads(model) ? ['heads'] : []),
  ...(hasDenseLayers(model) ? ['dense-layers'] : []),
  ...readingNames(model),
];

/** Whether only some models have a setting or reading of a name. */
const isOfSome = (name: string): boolean =>
  settingOf(name) === undefined || name === 'heads' || name === 'dense-layers';

/** The cell of a combination: heads, connections and readings that its model does not have are left out, of the fixed settings too. */
function cellOf(
  { heads, denseLayers, readings: given = {}, ...fixed }: Partial<Settings>,
  combination: Readonly<Record<string, string>>,
): Cell {
  const model = modelIn(fixed, combination);
  const own = ownNames(model);
  const has = (name: string): boolean => !isOfSome(name) || own.includes(name);
  const values = only(combination, has);
  const settings = Object.entries(values).flatMap(([name, value]) => {
    const setting = settingOf(name);
    return setting === undefined ? [] : [[setting, typed(value)] as const];
  });
  const readings = { ...only(given, has), ...only(values, (name) => settingOf(name) === undefined) };
  return {
    name:
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join(',') || 'all',
    values,
    asked: {
      ...fixed,
      ...(heads !== undefined && has('heads') && { heads }),
      ...(denseLayers !== undefined && has('dense-layers') && { denseLayers }),
      ...checkedSettings('ablate: --vary', Object.fromEntries(settings)),
      ...(Object.keys(readings).length > 0 && { readings }),
    },
  };
}

/** Throws where two values of a name are one number, as 0.001 and 1e-3. */
function checkDiffer(name: string, values: readonly string[]): void {
  const seen = new Map<string | number, string>();
  for (const value of values) {
    const one = settingOf(name) === undefined ? value : typed(value);
    const before = seen.get(one);
    if (before !== undefined)
      fail(`ablate: --vary ${name} has ${before} and ${value}, which are equal; give one of them`);
    seen.set(one, value);
  }
}

/** The cells of a grid, each once. Throws on names and values that are none, on equal values, and on a name that no cell has. */
export function cellsOf({ fixed, vary }: Pick<Grid, 'fixed' | 'vary'>): Cell[] {
  for (const [name, values] of Object.entries(vary)) {
    checkName(name);
    checkDiffer(name, values);
    const setting = settingOf(name);
    const isFixed = setting === undefined ? fixed.readings?.[name] !== undefined : fixed[setting] !== undefined;
    if (isFixed) fail(`ablate: ${name} is given as an option and by --vary; give it once`);
  }
  const cells = new Map<string, Cell>();
  for (const combination of combinations(vary)) {
    const cell = cellOf(fixed, combination);
    if (!cells.has(cell.name)) cells.set(cell.name, cell);
  }
  const all = [...cells.values()];
  const models = [...new Set(all.map(({ asked }) => modelIn(asked, {})))];
  const known = models.flatMap(ownNames);
  const given = (['heads', 'denseLayers'] as const).filter((one) => (fixed[one] ?? null) !== null).map(optionOf);
  for (const name of [...Object.keys(vary), ...given, ...Object.keys(fixed.readings ?? {})]) {
    if (isOfSome(name) && !known.includes(name))
      fail(`ablate: no model of the grid (${models.join(', ')}) has ${name}; leave it out${didYouMean(name, known)}`);
  }
  return all;
}
