/** @file Wrong combinations of two steps whose decays are complex numbers. */
import { combineFaults } from '../shared/combine.ts';
import { complexCombine } from './operator.ts';

export const complexCombineFaults = combineFaults(complexCombine);
