/** @file Declares the feed-forward network (Eq. 2). */
import * as fc from 'fast-check';
import { feedForward as definition } from '../../../../spec/02-feed-forward.ts';
import { silu } from '../../../nn/activations.ts';
import { type FeedForwardActivation, feedForward as onEngine } from '../../../nn/feed-forward.ts';
import { linear } from '../../../nn/linear.ts';
import { defineOperator } from '../../define-operator.ts';
import { lengths, small } from '../../draw.ts';
import { geluByErf } from '../../forms/gelu-by-erf.ts';
import { layoutOf } from '../../layout.ts';
import type { Form } from '../../operator.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly activation: FeedForwardActivation };

const signature = 'o bti, param.up ri, param.down or -> y bto';

const activations = fc.constantFrom<FeedForwardActivation>('silu', 'gelu');

/** The same network with GELU by 1 + erf, as most libraries have it. */
const byErf = tokenModes(signature, ({ o, 'param.up': up, 'param.down': down }, { activation }: Settings) => {
  const hidden = linear(o, up);
  return { y: linear(activation === 'silu' ? silu(hidden) : geluByErf(hidden), down) };
});

const formsOf = (mode: keyof typeof byErf): Readonly<Record<'onePlusErf', Form<Settings, typeof signature>>> => ({
  onePlusErf: {
    says: 'GELU as ½ x (1 + erf(x/√2))',
    loses: 'in gelu(x) for x < −4: 1 + erf has few digits there, and in single precision none from x < −5.5 on',
    isFaultThere: true,
    program: byErf[mode],
  },
});

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
  says: { whole: 'GELU as ½ x erfc(−x/√2)', tokenwise: 'GELU as ½ x erfc(−x/√2)' },
  forms: { whole: formsOf('whole'), tokenwise: formsOf('tokenwise') },
  reference: 'whole',
});
