/** @file Lists all foreign programs. */
import { linearAttentions } from './linear-attention.ts';
import { linearScans } from './linear-scan.ts';
import type { Foreign } from './program.ts';
import { selectiveScans } from './selective-scan.ts';

/** All foreign programs, by operator. */
export const foreign: readonly Foreign[] = [...linearAttentions, ...linearScans, ...selectiveScans];
