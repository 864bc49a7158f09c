/** @file Declares the feed-forward network (Eq. 2). */
import * as fc from 'fast-check';
import { feedForward as definition } from '../../../../spec/02-feed-forward.ts';
import { type FeedForwardActivation, feedForward as onEngine } from '../../../nn/feed-forward.ts';
import { defineOperator } from '../../define-operator.ts';
import { lengths, small } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly activation: FeedForwardActivation };

const signature = 'o bti, param.up ri, param.down or -> y bto';

const activations = fc.constantFrom<FeedForwardActivation>('silu', 'gelu');

/** The feed-forward network, Eq. 2. */
export const feedForward = defineOperator({
  name: 'feedForward',
  equations: [2],
  signature,
  layouts: (size) =>
    fc
      .record({ b: small(3), t: lengths(size), i: small(5), r: small(4), o: small(6), activation: activations })
      .map(({ activation, ...letters }) => layoutOf(signature, { lengths: letters, settings: { activation } })),
  definition: over('bt', signature, ({ o, 'param.up': up, 'param.down': down }, { activation }: Settings) => ({
    y: definition({ up, down }, o, activation),
  })),
  modes: tokenModes(signature, ({ o, 'param.up': up, 'param.down': down }, { activation }: Settings) => ({
    y: onEngine(o, { up, down }, activation),
  })),
  reference: 'whole',
});
