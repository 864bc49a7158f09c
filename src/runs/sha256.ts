/** @file Computes SHA-256 of texts, bytes and files, in hexadecimal digits. */
import { createHash } from 'node:crypto';
import { bytesOf, MOST_AT_ONCE, statOf } from '../io/read-file.ts';

/** SHA-256 of a text in UTF-8, or of bytes. */
export function sha256Of(content: string | Uint8Array, most: number = MOST_AT_ONCE): string {
  const hash = createHash('sha256');
  if (typeof content === 'string') return hash.update(content).digest('hex');
  for (let at = 0; at < content.length; at += most) hash.update(content.subarray(at, at + most));
  return hash.digest('hex');
}

/** SHA-256 of a file of any size, read in parts. Throws where it cannot be read. */
export function sha256OfFile(path: string, most: number = 2 ** 26): string {
  const { size } = statOf(path);
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += most) hash.update(bytesOf(path, at, Math.min(at + most, size)));
  return hash.digest('hex');
}
