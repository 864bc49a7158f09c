/** @file Faults of complexCombine: those of every combination of two steps. */
import { combineFaults } from '../shared/combine.ts';
import { complexCombine } from './operator.ts';

export const complexCombineFaults = combineFaults(complexCombine);
