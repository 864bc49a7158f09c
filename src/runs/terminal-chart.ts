/** @file Loads the charts in characters. In the package, this file holds simple-ascii-chart itself (tools/build.ts). */
export { default as chart } from 'simple-ascii-chart';
