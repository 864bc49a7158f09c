/** @file Lists all foreign programs. */
import { attentions } from './attention.ts';
import { steps } from './combine.ts';
import { convolutions } from './convolution.ts';
import { deltaRules } from './delta-rules.ts';
import { denseFeatures } from './dense-features.ts';
import { discretisations } from './discretise.ts';
import { linearAttentions } from './linear-attention.ts';
import { linearScans } from './linear-scan.ts';
import { mambaScans } from './mamba-scans.ts';
import { normalised } from './normalised.ts';
import type { Foreign } from './program.ts';
import { selectiveScans } from './selective-scan.ts';
import { servings } from './serving.ts';
import { stateSpaces } from './state-spaces.ts';
import { tokenPrograms } from './tokens.ts';

/** All foreign programs, by operator. */
export const foreign: readonly Foreign[] = [
  ...linearAttentions,
  ...normalised,
  ...linearScans,
  ...selectiveScans,
  ...attentions,
  ...stateSpaces,
  ...discretisations,
  ...convolutions,
  ...tokenPrograms,
  ...denseFeatures,
  ...steps,
  ...deltaRules,
  ...mambaScans,
  ...servings,
];
