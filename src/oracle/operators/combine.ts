/** @file What the scan in logarithmic depth combines: two affine steps h ↦ a h + b (Eq. 12 of two tokens). */
import * as fc from 'fast-check';
import type { Complex } from '../../../spec/complex.ts';
import { times } from '../../../spec/complex.ts';
import { add as plus, matMul, matVec, type Matrix, type Vector } from '../../../spec/notation.ts';
import { associativeScan, type Combine } from '../../nn/ssm/associative-scan.ts';
import { type Affine, complexCombine, matrixCombine, realCombine } from '../../nn/ssm/combine.ts';
import type { StateValue } from '../../nn/ssm/form.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { joinTrees, leavesOf, mapTree, treeOf } from '../../tensor/tree.ts';
import { fromLists, type Tensors, toLists } from '../case.ts';
import { type Operator, plain } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { small } from './draw.ts';
import { outputsOf } from './ssm.ts';

type Step = Affine<StateValue>;

const stepsOf = (inputs: Named): { left: Step; right: Step } => treeOf(inputs) as { left: Step; right: Step };

/** The combination itself. */
const combined =
  (combine: Combine<Step>): Program =>
  (inputs) => {
    const { left, right } = stepsOf(inputs);
    return outputsOf(combine(left, right));
  };

/** The last of two scanned elements, `axis` being that of time, counted from the end. */
const scanned =
  (combine: Combine<Step>, axis: number): Program =>
  (inputs) => {
    const { left, right } = stepsOf(inputs);
    const both = joinTrees([left, right], (xs) => concat(xs, axis + xs[0]!.shape.length));
    const half = leavesOf(left)[0]!.shape.at(axis)!;
    // one element of several steps side by side: the halves are scanned as two tokens
    return outputsOf(mapTree(associativeScan(combine, both, axis), (x) => slice(x, axis, half, 2 * half)));
  };
