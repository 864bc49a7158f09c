/** @file Loads the validator of JSON Schemas. In the package, this file holds @cfworker/json-schema itself (tools/build.ts). */
export { type Schema, Validator } from '@cfworker/json-schema';
