/**
 * @file Puts kernels in WGSL, with workgroups, into pipelines of gpu.js. This depends on undocumented methods of its class
 * WebGPUKernel, in the version that package.json pins. If they are missing, workgroups are not supported.
 */
import type { GPU as GpuJs } from 'gpu.js';
import type { Kernel, Workgroup } from '../text/kernel.ts';
import { elementOf } from '../text/wgsl.ts';
import { beginPipeline, type Context, type Creation, type PipelineParts } from './pipelines.ts';

/** The parts of a gpu.js kernel that this file uses. */
interface KernelParts extends PipelineParts {
  constants: { readonly workgroup?: number } | null;
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

/** Makes a kernel's source and settings for `createKernel`, with which gpu.js runs its workgroup. */
export type Settings = (kernel: Kernel & { readonly workgroup: Workgroup }) => {
  readonly source: string;
  readonly constants: { readonly workgroup: number };
};

/** Settings for kernels with workgroups, or the reason why these are not available. */
export type WorkgroupSupport = { readonly settings: Settings } | { readonly reason: string };

/** Adds kernels with workgroups to a gpu.js instance, whose pipelines `create` creates. Returns the reason if this version of gpu.js does not support them. */
export function withWorkgroups(gpu: GpuJs, library: unknown, create: Creation): WorkgroupSupport {
  const { WebGPUKernel, WebGPUContext } = library as Library;
  if (typeof WebGPUKernel !== 'function') return { reason: 'gpu.js exports no WebGPUKernel' };
  if (WebGPUContext === undefined) return { reason: 'gpu.js exports no WebGPUContext' };
  for (const method of ['assembleWGSL', '_computeDispatch', '_buildAsync'] as const) {
    if (typeof WebGPUKernel.prototype[method] !== 'function') return { reason: `gpu.js's kernels have no ${method}` };
  }
  const context = WebGPUContext;
  const known: (Kernel & { readonly workgroup: Workgroup })[] = [];
  class WorkgroupKernel extends WebGPUKernel {
    override assembleWGSL(): string {
      const own = super.assembleWGSL();
      const kernel = known[this.constants?.workgroup ?? -1];
      if (kernel === undefined) return own;
      const { text, workgroup } = kernel;
      const head = withVec4Arrays(own.slice(0, own.indexOf('@compute')), workgroup.vec4Arrays ?? []);
      const element = workgroup.wgsl.includes('element(') ? elementOf(text) : '';
      return `${head}\n${element}\n${workgroup.wgsl}`;
    }
    override _computeDispatch(threads: readonly number[]) {
      const kernel = known[this.constants?.workgroup ?? -1];
      return kernel === undefined
        ? super._computeDispatch(threads)
        : { groups: kernel.workgroup.groups, dispatchWidth: 0 };
    }
    override async _buildAsync(): Promise<void> {
      beginPipeline(this, await context.acquire(), create);
    }
  }
  (gpu as unknown as { Kernel: unknown }).Kernel = WorkgroupKernel;
  return {
    settings: (kernel) => ({
      // gpu.js needs the arguments alone
      source: `${kernel.text.slice(0, kernel.text.indexOf('{'))}{ return 0; }`,
      constants: { workgroup: known.push(kernel) - 1 },
    }),
  };
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
