/** @file Wrong combinations of two steps whose decays are matrices. */
import { combineFaults } from '../shared/combine.ts';
import { matrixCombine } from './operator.ts';

export const matrixCombineFaults = combineFaults(matrixCombine);
