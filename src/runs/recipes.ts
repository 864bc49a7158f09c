/** @file Optimizers and schedules of a run by name: a recipe has a value for whatever the settings leave open. */
import {
  type AdamW,
  cosineDecay,
  decayMatrices,
  defaultOptimizer,
  paperDecay,
  paperOptimizer,
  polynomialDecay,
  type Schedule,
  type WeightDecay,
} from '../training/index.ts';

/** The shape of a schedule after its warm-up: cosine to a tenth of the rate, linear to 0, or no decay. */
export const scheduleNames = ['cosine', 'polynomial', 'constant'] as const;

/** The parameters that decay. */
export const decayScopes = ['matrices', 'all'] as const;

/** Settings of optimizer and schedule; null is that of the recipe. */
export interface RecipeSettings {
  readonly recipe: string;
  /** Highest learning rate. */
  readonly rate: number;
  readonly schedule: string | null;
  /** Steps of linear warm-up. */
  readonly warmup: number | null;
  readonly beta2: number | null;
  readonly decay: number | null;
  /** matrices, or all parameters. */
  readonly decayOf: string | null;
  /** Largest norm of a gradient; 0 for no limit. */
  readonly clip: number;
}

/** What a recipe decides, for a number of steps. */
interface Recipe {
  readonly schedule: (typeof scheduleNames)[number];
  readonly decay: number;
  readonly decayOf: (typeof decayScopes)[number];
  readonly beta2: number;
  warmup(steps: number): number;
}

const recipes: Readonly<Record<string, Recipe>> = {
  nanogpt: {
    schedule: 'cosine',
    decay: 0.1,
    decayOf: 'matrices',
    beta2: defaultOptimizer.beta2,
    warmup: (steps) => Math.floor(steps / 20),
  },
  paper: {
    schedule: 'polynomial',
    decay: paperOptimizer.weightDecay,
    decayOf: 'all',
    beta2: paperOptimizer.beta2,
    warmup: (steps) => paperDecay(1, steps).warmup ?? 0,
  },
};

/** Names of recipes: nanoGPT's, and that of the paper's released code. */
export const recipeNames: readonly string[] = Object.keys(recipes);

/** What a recipe decides, as settings, for a number of steps. */
export function decidedBy(recipe: string, steps: number): Partial<RecipeSettings> {
  const { warmup, ...others } = recipes[recipe]!;
  return { ...others, warmup: warmup(steps) };
}

/** The schedule of settings, over the steps that a run was begun with. Throws where the warm-up is no shorter. */
export function scheduleOf(settings: RecipeSettings, planned: number): Schedule {
  const recipe = recipes[settings.recipe]!;
  const { rate: peak, schedule, warmup } = settings;
  const common = { peak, warmup: warmup ?? recipe.warmup(planned), total: planned };
  const shape = schedule ?? recipe.schedule;
  if (shape === 'cosine') return cosineDecay({ ...common, end: peak / 10 });
  return polynomialDecay({ ...common, end: shape === 'constant' ? peak : 0 });
}

/** AdamW of settings. */
export function optimizerOf(settings: RecipeSettings): Omit<AdamW, 'weightDecay'> & { weightDecay: WeightDecay } {
  const recipe = recipes[settings.recipe]!;
  const decay = settings.decay ?? recipe.decay;
  const weightDecay = (settings.decayOf ?? recipe.decayOf) === 'all' ? decay : decayMatrices(decay);
  return { ...defaultOptimizer, beta2: settings.beta2 ?? recipe.beta2, weightDecay };
}
