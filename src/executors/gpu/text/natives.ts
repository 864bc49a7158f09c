/**
 * @file Lists functions that kernels may call on devices with workgroups, in JavaScript, which gpu.js parses, and in WGSL, which runs.
 */

/** A function of numbers, in both languages. */
export interface Native {
  readonly name: string;
  /** Definition in JavaScript, and the types of the parameters. */
  readonly source: string;
  readonly types: Readonly<Record<string, 'Number'>>;
  /** Parameters, result and body in WGSL. */
  readonly wgsl: string;
}

const all: readonly Native[] = [
  {
    name: 'timesPowerOf2',
    source: 'function timesPowerOf2(x, n) { return x * Math.pow(2, n); }',
    types: { x: 'Number', n: 'Number' },
    // 2ⁿ as two factors: 2ⁿ may overflow f32 where the product does not
    wgsl: `(x : f32, n : f32) -> f32 {
let whole = i32(n);
let half = whole / 2;
return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(whole - half + 127) << 23u);
}`,
  },
];

/** Lists the functions that a kernel's text calls. */
export const called = (text: string): Native[] => all.filter(({ name }) => text.includes(`${name}(`));
