/** @file Lists all primitives. Each table of rules is a mapped type over this list, so the compiler reports a missing rule. */
import type { Primitive } from '../primitive.ts';
import { absPrimitive } from './abs.ts';
import { addPrimitive } from './add.ts';
import { broadcastPrimitive } from './broadcast.ts';
import { causalConvolutionPrimitive } from './causal-convolution.ts';
import { concatPrimitive } from './concat.ts';
import { cosPrimitive } from './cos.ts';
import { divPrimitive } from './div.ts';
import { einsumPrimitive } from './einsum.ts';
import { equalPrimitive } from './equal.ts';
import { erfPrimitive } from './erf.ts';
import { erfcPrimitive } from './erfc.ts';
import { expPrimitive } from './exp.ts';
import { expm1Primitive } from './expm1.ts';
import { gatherPrimitive } from './gather.ts';
import { linearScanPrimitive } from './linear-scan.ts';
import { logPrimitive } from './log.ts';
import { maxReducePrimitive } from './max-reduce.ts';
import { maximumPrimitive } from './maximum.ts';
import { minimumPrimitive } from './minimum.ts';
import { mulPrimitive } from './mul.ts';
import { padPrimitive } from './pad.ts';
import { phiPrimitive } from './phi.ts';
import { reciprocalPrimitive } from './reciprocal.ts';
import { reshapePrimitive } from './reshape.ts';
import { rsqrtPrimitive } from './rsqrt.ts';
import { scalePrimitive } from './scale.ts';
import { scatterAddPrimitive } from './scatter-add.ts';
import { selectPrimitive } from './select.ts';
import { sigmoidPrimitive } from './sigmoid.ts';
import { signPrimitive } from './sign.ts';
import { sinPrimitive } from './sin.ts';
import { sitePrimitive } from './site.ts';
import { slicePrimitive } from './slice.ts';
import { softplusPrimitive } from './softplus.ts';
import { stopGradientPrimitive } from './stop-gradient.ts';
import { storedPrimitive } from './stored.ts';
import { sumPrimitive } from './sum.ts';
import { transposePrimitive } from './transpose.ts';

export const primitives = {
  abs: absPrimitive,
  add: addPrimitive,
  broadcast: broadcastPrimitive,
  causalConvolution: causalConvolutionPrimitive,
  concat: concatPrimitive,
  cos: cosPrimitive,
  div: divPrimitive,
  einsum: einsumPrimitive,
  equal: equalPrimitive,
  erf: erfPrimitive,
  erfc: erfcPrimitive,
  exp: expPrimitive,
  expm1: expm1Primitive,
  gather: gatherPrimitive,
  linearScan: linearScanPrimitive,
  log: logPrimitive,
  maxReduce: maxReducePrimitive,
  maximum: maximumPrimitive,
  minimum: minimumPrimitive,
  mul: mulPrimitive,
  pad: padPrimitive,
  phi: phiPrimitive,
  reciprocal: reciprocalPrimitive,
  reshape: reshapePrimitive,
  rsqrt: rsqrtPrimitive,
  scale: scalePrimitive,
  scatterAdd: scatterAddPrimitive,
  select: selectPrimitive,
  sigmoid: sigmoidPrimitive,
  sign: signPrimitive,
  sin: sinPrimitive,
  site: sitePrimitive,
  slice: slicePrimitive,
  softplus: softplusPrimitive,
  stopGradient: stopGradientPrimitive,
  stored: storedPrimitive,
  sum: sumPrimitive,
  transpose: transposePrimitive,
} as const;

export type PrimitiveName = keyof typeof primitives;
export type ParamsOf<N extends PrimitiveName> = (typeof primitives)[N] extends Primitive<infer P> ? P : never;
