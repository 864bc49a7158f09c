/** @file Exports the oracle: operators with definitions, laws, faults, and the functions that run them. */
export { bounded, boundOf, float32, float64, type Profile, snap } from '../executors/bounded/index.ts';
export { type Functions, functionTables } from '../executors/profiles/functions.ts';
export { profiles, type Site, usualProfiles } from '../executors/profiles/profile.ts';
export { rounded } from '../executors/rounded/index.ts';
export {
  type Kernel,
  type KernelInputs,
  type KernelSettings,
  type Kernels,
  type KernelTensor,
  type KernelTensors,
  kernels,
  openKernels,
  Unsupported,
} from './backends/kernels.ts';
export { type Case, fill, type Layout, type Settings, type Tensor, type Tensors } from './case.ts';
export { exactly, isRight, type Numbers, type Verdict, within } from './compare.ts';
export { type Declaration, defineOperator } from './define-operator.ts';
export { axis, cases, lengths, sampleCases } from './draw.ts';
export { type EquationRow, type OperatorRow, type Specification, specification } from './equations.ts';
export { type Fault, faultsOf, type Wrong } from './fault.ts';
export { faults } from './faults.ts';
export type { Law, Subject } from './law.ts';
export { laws } from './laws/index.ts';
export { type Drawn, layoutOf } from './layout.ts';
export type { Form, Operator, Size } from './operator.ts';
export { operators } from './operators/index.ts';
export { type Definition, over } from './over.ts';
export { type Evaluation, evaluate, type Named, type Program } from './program.ts';
export { boundsOf, numbersOf } from './tolerance.ts';
export { judge, type Rejection, rejection, type Tally, type Trials, tryLaw } from './trial.ts';
export { everyMode, isVerified, type ModeOf, type VerifiedRow, verifyOperator } from './verify.ts';
