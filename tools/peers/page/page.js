/** @file Trains one network in several libraries in this page, in turns, and times the steps. */

import { sizes } from '../../../bench/pages/network.ts';
import { denseRetNet, densessm } from '../../../bench/pages/ours.ts';
import { jax } from './jax.js';
import { tfjs } from './tfjs.js';

const ours = (train) => ({ densessm: (size) => train(size), 'densessm, 1 thread': (size) => train(size, 1) });
const libraries = { ...ours(densessm), 'jax-js': jax, tfjs };
const trainers = new Map();

globalThis.trains = {
  /** Begins training in every library. Returns what each says of itself, or why it does not run. */
  async begin(name) {
    const size = sizes[name];
    trainers.clear();
    const about = {};
    for (const [library, start] of Object.entries(name === 'denseRetNet' ? ours(denseRetNet) : libraries)) {
      try {
        const trainer = await start(size);
        trainers.set(library, trainer);
        about[library] = { about: trainer.about };
      } catch (error) {
        about[library] = { failed: String(error) };
      }
    }
    return { about, tokens: size.batch * size.length, isIsolated: globalThis.crossOriginIsolated };
  },
  /** Takes a step in one library. */
  async step(library) {
    const began = performance.now();
    try {
      const loss = await trainers.get(library).step();
      return { loss, seconds: (performance.now() - began) / 1e3 };
    } catch (error) {
      return { failed: String(error) };
    }
  },
};
