/** @file Describes the device that runs a compiled function. Public, so without imports of gpu.js types, which need those of the DOM. */
import type { Backend } from '../text/target.ts';

/** The device that runs a compiled function. */
export interface Device {
  readonly backend: Backend;
  /** The name of the graphics card, or of the software that emulates one. Null on other backends. */
  readonly adapter: string | null;
  /** The reasons why faster backends are not in use. */
  readonly passedOver: readonly string[];
}
