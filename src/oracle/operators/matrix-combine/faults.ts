/** @file Faults of matrixCombine: those of every combination of two steps. */
import { combineFaults } from '../shared/combine.ts';
import { matrixCombine } from './operator.ts';

export const matrixCombineFaults = combineFaults(matrixCombine);
