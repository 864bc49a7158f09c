/** @file Kernels in WGSL of independent threads, each of which may write several results. */
import type { Workgroup } from '../launches.ts';

const perGroup = 64;

/** A kernel of `count` threads: statements in which `i` is the thread's number. */
export function threadsOf(count: number, declarations: readonly string[], lines: readonly string[]): Workgroup {
  const groups = Math.ceil(count / perGroup);
  const width = Math.min(groups, 32768);
  const wgsl = [
    ...declarations,
    `@compute @workgroup_size(${perGroup})`,
    'fn main(@builtin(global_invocation_id) global : vec3<u32>) {',
    `let i = global.x + global.y * ${width * perGroup}u;`,
    `if (i >= ${count}u) { return; }`,
    ...lines,
    '}',
  ].join('\n');
  return { wgsl, groups: [width, Math.ceil(groups / width), 1] };
}
