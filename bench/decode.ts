/** @file Times decoding token by token after contexts of growing length, side by side: models with a fixed state, and a Transformer. */
import { f32 } from '../src/executors/f32/index.ts';
import { initialise, type LanguageModel, type ModelState, presets } from '../src/models/index.ts';
import { indexInput } from '../src/tensor/input.ts';
import { concat } from '../src/tensor/primitives/concat.ts';
import { sizeOf } from '../src/tensor/shape.ts';
import { leavesOf, mapTree, type Tree } from '../src/tensor/tree.ts';
import type { Value } from '../src/tensor/value.ts';

/** Models of about half a million parameters, by the sizes of `densessm train` and widths of equal size. */
const widths = { retnet: 88, 'dense-retnet': 96, mamba: 128, 'dense-mamba': 128, transformer: 96 } as const;
const sizes = { vocabulary: 65, layers: 4, heads: 4 };

const contexts = [256, 1024, 4096, 16_384];

/** Tokens decoded after each context: those that are not counted, and those that are. */
const [warmUp, samples] = [5, 41];

type State = ModelState<Tree>;

/** A model with its weights: the next state, after tokens. */
interface Decoder {
  readonly name: string;
  readonly parameters: number;
  read(tokens: readonly number[], state?: State): State;
}

function decoderOf(name: keyof typeof widths): Decoder {
  const preset = presets[name];
  const model = preset.model as unknown as LanguageModel<unknown, Tree, Tree>;
  const config: unknown = preset.config({ ...sizes, width: widths[name] });
  const params = initialise(model, config, { on: f32, seed: 1 });
  return {
    name,
    parameters: leavesOf(params).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    read: (tokens, state = model.start(params, config, 1)) =>
      model.forward(params, config, indexInput(f32, tokens, [1, tokens.length]), state, {
        name: tokens.length === 1 ? 'recurrent' : 'parallel',
      }).state,
  };
}

/** The state after a context `times` as long: a Transformer's keys and values [b, h, s, d] are repeated, as times depend on sizes alone. */
const longer = ({ position, layers }: State, times: number): State => ({
  position: times * position,
  layers: mapTree(layers, (x, path) => (/(keys|values)$/.test(path) ? concat(new Array<Value>(times).fill(x), 2) : x)),
});

const bytesOf = ({ layers }: State): number => 4 * leavesOf(layers).reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** Decodes after each context, the models in turns, and prints milliseconds of the processor for a token (the middle half of the samples), and bytes of the state. */
export async function decode(): Promise<void> {
  const decoders = (Object.keys(widths) as (keyof typeof widths)[]).map(decoderOf);
  const first = contexts[0]!;
  const tokens = Array.from({ length: first }, (_, i) => (7 * i) % sizes.vocabulary);
  const begun = decoders.map(({ read }) => read(tokens));
  for (const context of contexts) {
    const states = begun.map((state) => longer(state, context / first));
    const times = states.map((): number[] => []);
    for (let i = 0; i < warmUp + samples; i++)
      for (const [k, { read }] of decoders.entries()) {
        const began = process.cpuUsage();
        read([i], states[k]);
        const { user, system } = process.cpuUsage(began);
        if (i >= warmUp) times[k]!.push((user + system) / 1e3);
      }
    console.log(`${context} tokens`);
    for (const [k, { name, parameters }] of decoders.entries()) {
      const sorted = times[k]!.toSorted((a, b) => a - b);
      const [low, median, high] = [0.25, 0.5, 0.75].map((part) => sorted[Math.floor(part * samples)]!.toPrecision(3));
      const state = `${Math.ceil(bytesOf(states[k]!) / 1024)} KiB`;
      console.log(
        `  ${name.padEnd(14)} ${String(parameters).padStart(7)} parameters  ${median} ms (${low} – ${high})  ${state}`,
      );
    }
  }
}
