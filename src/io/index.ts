/** @file Exports files: the safetensors format, weights of other projects, and writing that leaves no half of a file. */
export type { DType } from './dtypes.ts';
export { exportModel, type ImportedModel, importModel, type NamedModel, projects } from './maps/models.ts';
export { readBytes } from './read-file.ts';
export {
  formatSafetensors,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  type TensorToStore,
} from './safetensors.ts';
export { openTensors, type TensorOnDisk, type TensorsOnDisk } from './safetensors-file.ts';
export { writeFileWhole, writeFolderWhole } from './write-file.ts';
