/** @file Declares the feed-forward network (Eq. 2). */
import * as fc from 'fast-check';
import { feedForward as definition } from '../../../../spec/02-feed-forward.ts';
import { f64 } from '../../../executors/f64/index.ts';
import { gelu, silu } from '../../../nn/activations.ts';
import { type FeedForwardActivation, feedForward as onEngine } from '../../../nn/feed-forward.ts';
import { linear } from '../../../nn/linear.ts';
import { input, read } from '../../../tensor/input.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, lengths } from '../../draw.ts';
import { geluByErf, saturated } from '../../forms/gelu-by-erf.ts';
import { siluByTanh, tanhText } from '../../forms/silu-by-tanh.ts';
import { layoutOf } from '../../layout.ts';
import type { Form } from '../../operator.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';

type Settings = { readonly activation: FeedForwardActivation };

const signature = 'o bti, param.up ri, param.down or -> y bto';

const drawnActivations = fc.constantFrom<FeedForwardActivation>('silu', 'gelu');

const ownText = 'GELU as ½ x erfc(−x/√2), σ(x) as 1 / (1 + e^{−x})';

/** The same network with other activations. */
const networkWith = (activations: Readonly<Record<FeedForwardActivation, (x: Value) => Value>>) =>
  tokenModes(signature, ({ o, 'param.up': up, 'param.down': down }, { activation }: Settings) => ({
    y: linear(activations[activation](linear(o, up)), down),
  }));

const byErf = networkWith({ silu, gelu: geluByErf });
const byTanh = networkWith({ silu: siluByTanh, gelu });

/** The largest size of an argument of the activation. */
function largestHidden({ inputs: { o, 'param.up': up } }: Case<Settings>): number {
  const [x, map] = [input(f64, o!.data, o!.shape), input(f64, up!.data, up!.shape)];
  return read(linear(x, map)).reduce((most, h) => Math.max(most, Math.abs(h)), 0);
}

const formsOf = (mode: keyof typeof byErf): Readonly<Record<string, Form<Settings, typeof signature>>> => ({
  onePlusErf: {
    says: 'GELU as ½ x (1 + erf(x/√2))',
    loses: 'in gelu(x) for x < −4: 1 + erf has few digits there, and in single precision none from x < −5.5 on',
    isFaultThere: true,
    agrees: (c) => c.settings.activation === 'silu' || largestHidden(c) <= saturated,
    program: byErf[mode],
  },
  tanh: { ...tanhText, program: byTanh[mode] },
});

/** The feed-forward network, Eq. 2. */
export const feedForward = defineOperator({
  name: 'feedForward',
  equations: [2],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 3),
        t: lengths(size),
        i: axis(size, 'i', 5),
        r: axis(size, 'r', 4),
        o: axis(size, 'o', 6),
        activation: drawnActivations,
      })
      .map(({ activation, ...letters }) => layoutOf(signature, { lengths: letters, settings: { activation } })),
  definition: over('bt', signature, ({ o, 'param.up': up, 'param.down': down }, { activation }: Settings) => ({
    y: definition({ up, down }, o, activation),
  })),
  modes: tokenModes(signature, ({ o, 'param.up': up, 'param.down': down }, { activation }: Settings) => ({
    y: onEngine(o, { up, down }, activation),
  })),
  says: { whole: ownText, tokenwise: ownText },
  forms: { whole: formsOf('whole'), tokenwise: formsOf('tokenwise') },
  reference: 'whole',
});
