/** @file Writes kernels of independent invocations in WGSL. Each invocation may compute several elements. */
import type { Workgroup } from './kernel.ts';
import type { Spreading } from './target.ts';

const perGroup = 64;

/** Writes a kernel of `count` invocations. In the statements, `i` is the number of the invocation. */
export function invocations(count: number, declarations: readonly string[], lines: readonly string[]): Workgroup {
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

/** Number of invocations that keeps a large device busy. For less than twice as many elements, each invocation computes one. */
const threadsWanted = 270_000;

/** Runs a kernel's text for every element, several per invocation, as devices limit the rate at which workgroups start. */
export function spread(size: number, { threads, each }: Spreading = { threads: 128, each: 4 }): Workgroup {
  const numbers = Math.max(1, Math.min(each, Math.floor(size / threadsWanted)));
  const perGroup = threads * numbers;
  const groups = Math.ceil(size / perGroup);
  const width = Math.min(groups, 32768);
  const all = Array.from({ length: numbers }, (_, k) => k);
  // compute all elements before writing the first, so that reads do not wait for writes
  const wgsl = [
    `@compute @workgroup_size(${threads})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) local : u32) {',
    `let first = (group.x + group.y * ${width}u) * ${perGroup}u + local;`,
    ...all.map((k) => `let i${k} = first + ${k * threads}u;`),
    ...all.map((k) => `var r${k} = 0.0; if (i${k} < ${size}u) { r${k} = element(i${k}); }`),
    ...all.map((k) => `if (i${k} < ${size}u) { result[i${k}] = r${k}; }`),
    '}',
  ].join('\n');
  return { wgsl, groups: [width, Math.ceil(groups / width), 1] };
}
