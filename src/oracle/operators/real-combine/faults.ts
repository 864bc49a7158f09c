/** @file Wrong combinations of two steps whose decays are numbers. */
import { combineFaults } from '../shared/combine.ts';
import { realCombine } from './operator.ts';

export const realCombineFaults = combineFaults(realCombine);
