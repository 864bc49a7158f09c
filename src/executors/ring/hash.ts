/** @file Hashes residues, as a stand-in for functions whose identities no program uses. */
import { primes, type Residues } from './chain.ts';
import { residue } from './field.ts';

/** Mixes the bits of a 32-bit number. Every step is invertible, so different numbers stay different. */
function mixed(x: number): number {
  let bits = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return bits ^ (bits >>> 15);
}

/** A residue in each field, which depends on every residue of `x` and on the name of a function. NaN and infinities give NaN. */
export function hashOf(name: string, x: Residues): number[] {
  if (!x.every(Number.isFinite)) return x.map(() => Number.NaN);
  let bits = 0;
  for (let i = 0; i < name.length; i++) bits = mixed(bits ^ name.charCodeAt(i));
  for (const part of x) bits = mixed(bits ^ part);
  return primes.map((p, level) => residue(mixed(bits ^ (level + 1)) >>> 0, p));
}
