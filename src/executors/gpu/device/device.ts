/** @file Describes the device that runs a compiled function. It is public, so it imports no types of gpu.js, which need the DOM's. */
import type { Backend } from '../text/target.ts';

/** The device that runs a compiled function. */
export interface Device {
  readonly backend: Backend;
  /** The name of the graphics card or of its software stand-in; null on the other backends. */
  readonly adapter: string | null;
  /** The reasons why faster backends were passed over. */
  readonly passedOver: readonly string[];
}
