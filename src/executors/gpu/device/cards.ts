/** @file Says whether a machine may have a graphics card. Asking Vulkan where there is none prints warnings on standard error. */

/** Device files of graphics cards on Linux: of NVIDIA, of Windows below Linux, of Adreno and of Mali. */
const cardFile = /^(nvidia|nvhost|nvgpu|nvmap|dxg$|kgsl|mali)/;

/** Names of files in a folder. */
type Listing = (folder: string) => readonly string[];

/** Whether a list of device files has that of a graphics card. */
export const hasCardFile = (names: Listing): boolean =>
  names('/dev').some((name) => cardFile.test(name)) || names('/dev/dri').some((name) => name.startsWith('renderD'));

/** False on a Linux machine without a graphics card; true where that is not known. */
export function mayHaveCard(): boolean {
  if (globalThis.process?.platform !== 'linux') return true;
  // Node before 20.16 has none, and browsers no process at all
  const files = process.getBuiltinModule?.('node:fs');
  if (files === undefined) return true;
  return hasCardFile((folder) => (files.existsSync(folder) ? files.readdirSync(folder) : []));
}
