/** @file Loads gpu.js. In the package, this file holds gpu.js itself (tools/build.ts). */
import * as gpuJs from 'gpu.js';

/** The class whose instances run pipelines. */
export const { GPU } = gpuJs;

/** The classes that the type declarations of gpu.js omit. */
export const { WebGPUKernel, WebGPUContext } = gpuJs as unknown as Readonly<Record<string, unknown>>;
