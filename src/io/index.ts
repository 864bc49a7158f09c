/** @file Exports files: the safetensors format, read and written, and writing that leaves no half of a file. */
export type { DType } from './dtypes.ts';
export { readBytes } from './read-file.ts';
export {
  formatSafetensors,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  type TensorToStore,
} from './safetensors.ts';
export { writeFileWhole, writeFolderWhole } from './write-file.ts';
