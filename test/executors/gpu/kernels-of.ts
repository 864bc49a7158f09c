/** @file Lists the kernels of an equation, from a trace without a device. */
import type { Kernel } from '../../../src/executors/gpu/text/kernel.ts';
import { type Target, targets } from '../../../src/executors/gpu/text/target.ts';
import { type Equation, traceProgram } from '../../../src/executors/gpu/trace/program.ts';
import type { Slot } from '../../../src/executors/gpu/trace/trace.ts';

/** A WebGPU target whose kernels use workgroups. */
export const withWorkgroups: Target = { ...targets.webgpu, workgroups: true, workgroupBytes: 32768 };

/** The kernels of an equation on a target, in order. */
export function kernelsOf(fn: Equation, inputs: Readonly<Record<string, Slot>>, target: Target): Kernel[] {
  const kernels: Kernel[] = [];
  const program = traceProgram(fn, inputs, target);
  program.replay(program.names, (kernel) => () => {
    kernels.push(kernel);
    return kernel;
  });
  return kernels;
}
