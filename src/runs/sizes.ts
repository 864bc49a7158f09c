/** @file Counts parameters of the models that settings name, and finds the width that gives a model as many as another. */
import { countParameters, type PresetSizes } from '../models/index.ts';
import { nearestWidths, type SizedWidth } from '../models/presets.ts';
import { fail } from '../tensor/errors.ts';
import {
  configOf,
  defaults,
  hasDenseLayers,
  hasHeads,
  modelOf,
  presetOf,
  readingNames,
  type Settings,
  widthStep,
} from './settings.ts';

/** The largest difference of sizes that count as equal, as a share: small models have few widths. */
const sizeTolerance = 0.1;

/** The number of parameters of the model that settings name, for a number of tokens. */
export const parametersOf = (settings: Settings, vocabulary: number): number =>
  countParameters(modelOf(settings.model), configOf(settings, vocabulary));

/** How far a size is from what is wanted, in words. */
export const offText = (parameters: number, wanted: number): string => {
  const share = (100 * Math.abs(parameters - wanted)) / wanted;
  return parameters === wanted ? 'equal' : `${share.toFixed(1)} % ${parameters > wanted ? 'more' : 'fewer'}`;
};

/**
 * Settings with the width that brings the model nearest to a number of parameters, with the same layers and heads. Throws where no
 * width comes within a tenth.
 */
export function atSize(settings: Settings, parameters: number, vocabulary: number): Settings {
  const { model, layers, heads } = settings;
  const step = widthStep(model, heads);
  const count = ({ vocabulary: _, ...own }: Partial<PresetSizes> = {}): number =>
    parametersOf({ ...settings, ...own }, vocabulary);
  const sizable = { ...presetOf(model), count, widthMultiple: () => step };
  const nearest = nearestWidths(sizable, parameters, { layers, heads });
  const [best] = nearest;
  if (Math.abs(best.parameters - parameters) <= sizeTolerance * parameters) return { ...settings, width: best.width };
  const shown = (one: SizedWidth): string =>
    `${one.parameters} at width ${one.width} (${offText(one.parameters, parameters)})`;
  const finer = hasHeads(model) && heads > 1 ? ', or fewer --heads' : '';
  return fail(
    `no width gives ${model} ${parameters} parameters within a tenth; the nearest are ${nearest.map(shown).join(' and ')}: take a larger --width${finer}`,
  );
}

/** A model whose size another has. */
export interface EqualSize extends SizedWidth {
  readonly model: string;
}

/** The model `other` at the settings' width, with what it has of the settings, and its number of parameters. */
export function sizeOfOther(settings: Settings, other: string, vocabulary: number): EqualSize {
  const denseLayers = hasDenseLayers(other) ? settings.denseLayers : null;
  const names = readingNames(other);
  const readings = Object.fromEntries(Object.entries(settings.readings).filter(([name]) => names.includes(name)));
  const parameters = parametersOf({ ...settings, model: other, denseLayers, readings }, vocabulary);
  return { model: other, width: settings.width, parameters };
}

/** Throws where heads are asked for and no model has them, and where a layer is to connect to more layers than are below the last. */
export function checkSizes(asked: Partial<Settings>, equalSizeTo?: string): void {
  const { heads, denseLayers, model = defaults.model, layers = defaults.layers } = asked;
  if (heads !== undefined && ![model, equalSizeTo ?? model].some(hasHeads))
    fail(`${model} has no heads, so --heads ${heads} means nothing; leave it out`);
  if (hasDenseLayers(model) && (denseLayers ?? 0) > layers - 1)
    fail(
      `--dense-layers ${denseLayers} with --layers ${layers}: the last has ${layers - 1} below it; take that or fewer, or more layers`,
    );
}
