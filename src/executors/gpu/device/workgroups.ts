/**
 * @file Puts kernels in WGSL, with workgroups, into pipelines of gpu.js. This depends on undocumented methods of its class
 * WebGPUKernel, in the version that package.json pins. If they are missing, workgroups are not supported.
 */
import type { GPU as GpuJs } from 'gpu.js';
import type { Kernel, Workgroup } from '../text/kernel.ts';
import { called } from '../text/natives.ts';
import { beginPipeline, type Context, type PipelineParts, queue } from './pipelines.ts';

/** The parts of a gpu.js kernel that this file uses. */
interface KernelParts extends PipelineParts {
  constants: { readonly workgroup?: number } | null;
  translatedBody: string;
  assembleWGSL(): string;
  _buildAsync(): Promise<void>;
  _computeDispatch(threads: readonly number[]): { groups: readonly number[]; dispatchWidth: number };
}
type KernelClass = new (source: unknown, settings: unknown) => KernelParts;

/** The parts of gpu.js that its type declarations omit. */
interface Library {
  readonly WebGPUKernel?: KernelClass;
  readonly WebGPUContext?: { acquire(): Promise<Context> };
}

/** Makes settings of `createKernel`, with which gpu.js uses a kernel's workgroup and the text can call functions in WGSL. */
export type Settings = (kernel: Kernel & { readonly workgroup: Workgroup }) => {
  readonly constants: { readonly workgroup: number };
  readonly functions: readonly { readonly source: string; readonly settings: unknown }[];
};

/** Settings for kernels with workgroups, or the reason why these are not available. */
export type WorkgroupSupport = { readonly settings: Settings } | { readonly reason: string };

/** Adds kernels with workgroups to a gpu.js instance. Returns the reason if this version of gpu.js does not support them. */
export function withWorkgroups(gpu: GpuJs, library: unknown): WorkgroupSupport {
  const { WebGPUKernel, WebGPUContext } = library as Library;
  if (typeof WebGPUKernel !== 'function') return { reason: 'gpu.js exports no WebGPUKernel' };
  if (WebGPUContext === undefined) return { reason: 'gpu.js exports no WebGPUContext' };
  for (const method of ['assembleWGSL', '_computeDispatch', '_buildAsync'] as const) {
    if (typeof WebGPUKernel.prototype[method] !== 'function') return { reason: `gpu.js's kernels have no ${method}` };
  }
  const context = WebGPUContext;
  const known: Workgroup[] = [];
  const inTurn = queue();
  class WorkgroupKernel extends WebGPUKernel {
    override assembleWGSL(): string {
      const own = withNatives(super.assembleWGSL());
      const workgroup = known[this.constants?.workgroup ?? -1];
      if (workgroup === undefined) return own;
      const head = withVec4Arrays(own.slice(0, own.indexOf('@compute')), workgroup.vec4Arrays ?? []);
      return `${head}\n${elementOf(this.translatedBody, workgroup.wgsl)}\n${workgroup.wgsl}`;
    }
    override _computeDispatch(threads: readonly number[]) {
      const workgroup = known[this.constants?.workgroup ?? -1];
      return workgroup === undefined ? super._computeDispatch(threads) : { groups: workgroup.groups, dispatchWidth: 0 };
    }
    override async _buildAsync(): Promise<void> {
      beginPipeline(this, await context.acquire(), inTurn);
    }
  }
  (gpu as unknown as { Kernel: unknown }).Kernel = WorkgroupKernel;
  return {
    settings: ({ text, workgroup }) => ({
      constants: { workgroup: known.push(workgroup) - 1 },
      functions: called(text).map(({ source, types }) => ({
        source,
        settings: { returnType: 'Number', argumentTypes: types },
      })),
    }),
  };
}

/** Replaces the translations of native functions by gpu.js with the WGSL of these functions. */
function withNatives(text: string): string {
  return called(text).reduce((all, { name, wgsl }) => {
    const own = new RegExp(`fn fn_${name}\\([^)]*\\) -> f32 \\{[^}]*\\}`);
    if (!own.test(all)) throw new Error(`a kernel's text does not declare ${name} as expected:\n${all}`);
    return all.replace(own, `fn fn_${name}${wgsl}`);
  }, text);
}

/** Redeclares some arrays as arrays of vec4, and removes their accessors, which gpu.js generates. */
function withVec4Arrays(head: string, arrays: readonly string[]): string {
  return arrays.reduce((text, array) => {
    const name = array === 'result' ? array : `user_${array}`;
    const declared = `${name} : array<f32>;`;
    if (!text.includes(declared)) throw new Error(`a kernel's text does not declare ${array} as expected:\n${text}`);
    const accessor = new RegExp(`fn get_${name}\\([^)]*\\) -> f32 \\{[^}]*\\}`);
    return text.replace(declared, `${name} : array<vec4<f32>>;`).replace(accessor, '');
  }, head);
}

/** Writes the kernel's text as a function of the number of an element, if the workgroup calls it. */
function elementOf(body: string, wgsl: string): string {
  if (!wgsl.includes('element(')) return '';
  const stores = /result\[data_index\] = ([^;]*);\s*return;/g;
  if (!/return;\s*$/.test(body)) throw new Error(`a kernel's text does not end as expected:\n${body}`);
  return `fn element(index : u32) -> f32 {\nthreadGid = vec3<u32>(index, 0u, 0u);\n${body.replace(stores, 'return $1;')}\n}`;
}
