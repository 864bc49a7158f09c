/** @file Kernels in WGSL of independent threads, each of which may write several results. */
import type { Workgroup } from './kernel.ts';
import type { Spreading } from './target.ts';

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

/** Threads that keep a large device busy; fewer numbers than these are not worth several a thread. */
const threadsWanted = 270_000;

/** The kernel's text at every number, several a thread: a device starts groups at a rate that many small ones run into. */
export function spread(size: number, { threads, each }: Spreading = { threads: 128, each: 4 }): Workgroup {
  const numbers = Math.max(1, Math.min(each, Math.floor(size / threadsWanted)));
  const perGroup = threads * numbers;
  const groups = Math.ceil(size / perGroup);
  const width = Math.min(groups, 32768);
  const all = Array.from({ length: numbers }, (_, k) => k);
  // all are computed before one is written, so that reads need not wait for writes
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
