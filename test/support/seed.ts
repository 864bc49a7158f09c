/** @file Sets fast-check's seed before every test file. */
import * as fc from 'fast-check';
import { seed } from './property.ts';

if (!Number.isInteger(seed)) throw new Error(`DENSESSM_SEED is '${process.env.DENSESSM_SEED}'; it must be an integer`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
