/** @file Lists functions that kernels may call on devices with workgroups, in WGSL. */

/** A function of numbers: its name, and its parameters, result and body in WGSL. */
export interface Native {
  readonly name: string;
  readonly wgsl: string;
}

const all: readonly Native[] = [
  {
    name: 'timesPowerOf2',
    // 2ⁿ as two factors: 2ⁿ may overflow f32 where the product does not
    wgsl: `(x : f32, n : f32) -> f32 {
let whole = i32(n);
let half = whole / 2;
return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(whole - half + 127) << 23u);
}`,
  },
  // kernels that reduce rows and use the results set these variables
  {
    name: 'rowTotal',
    wgsl: '(x : f32) -> f32 { return heldTotal; }',
  },
  {
    name: 'rowPhase',
    wgsl: '(x : f32) -> f32 { return heldPhase; }',
  },
];

/** Lists the functions that a kernel's text calls. */
export const called = (text: string): Native[] => all.filter(({ name }) => text.includes(`${name}(`));
