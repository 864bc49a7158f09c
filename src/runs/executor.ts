/** @file Chooses where a run is computed, by name. */
import { f32 } from '../executors/f32/index.ts';
import { f64 } from '../executors/f64/index.ts';
import { type Backend, compile } from '../executors/gpu/index.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';
import { eager, type RunsOn } from '../training/index.ts';

/** Executors by name: the best of the machine, those that compile, those that compute eagerly. */
export const backendNames: readonly string[] = ['auto', 'webgpu', 'wasm', 'webasm', 'cpu', 'f64', 'f32'];

/** Throws unless the executor of a name runs here: a program of one number is compiled. */
export async function checkExecutor(name: string): Promise<void> {
  if (name === 'auto') return; // takes one that runs
  const program = await runsOn(name)(({ x }) => ({ y: x! }), { x: { shape: [1] } }, { keep: {} });
  await program.dispose();
}

/** The executor of a name. Throws on an unknown one. */
export function runsOn(name: string): RunsOn {
  if (!backendNames.includes(name))
    fail(`there is no executor '${name}'; use one of ${backendNames.join(', ')}${didYouMean(name, backendNames)}`);
  if (name === 'f64') return eager(f64);
  if (name === 'f32') return eager(f32);
  if (name === 'auto') return compile;
  return (equation, inputs, options) => compile(equation, inputs, { ...options, backend: name as Backend });
}
