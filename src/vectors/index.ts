/** @file Exports the comparison of the project with files of reference vectors. */
export { type AdapterTable, adapters } from './adapters.ts';
export type { Adapter, Answer, Answers, VectorCase } from './case.ts';
export { type CaseReport, type CheckOptions, checkVectors, type Report } from './check.ts';
export { compareTensor, type TensorResult, type Tolerance, toleranceOf } from './compare.ts';
export { formatCase, formatReport } from './report.ts';
export { type Waiver, waivers } from './waivers.ts';
