/** @file Faults of realCombine: those of every combination of two steps. */
import { combineFaults } from '../shared/combine.ts';
import { realCombine } from './operator.ts';

export const realCombineFaults = combineFaults(realCombine);
