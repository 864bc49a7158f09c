/** @file Declares the gate of a selective transition (Eq. 16). */
import * as fc from 'fast-check';
import { gate as definition } from '../../../../spec/15-selective-transition.ts';
import { linear } from '../../../nn/linear.ts';
import { type GateActivation, gate as onEngine } from '../../../nn/selective-transition.ts';
import { defineOperator } from '../../define-operator.ts';
import { siluByTanh, tanhText } from '../../forms/silu-by-tanh.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { tokenModes } from '../shared/tokens.ts';
import { featureLengths } from '../shared/transition.ts';

type Settings = { readonly activation: GateActivation };

const signature = 'x bti, param.down ri, param.up wr -> g btw';

/** The same gate with another SiLU. */
const byTanh = tokenModes(signature, ({ x, 'param.down': down, 'param.up': up }, { activation }: Settings) => {
  const logits = linear(siluByTanh(linear(x, down)), up);
  return { g: activation === 'silu' ? siluByTanh(logits) : logits };
});

/** The gate, Eq. 16. */
export const gate = defineOperator({
  name: 'gate',
  equations: [16],
  signature,
  layouts: (size) =>
    fc
      .tuple(featureLengths(size), fc.constantFrom<GateActivation>('silu', 'none'))
      .map(([lengths, activation]) => layoutOf(signature, { lengths, settings: { activation } })),
  definition: over('bt', signature, ({ x, 'param.down': down, 'param.up': up }, { activation }: Settings) => ({
    g: definition(x, { down, up }, activation),
  })),
  modes: tokenModes(signature, ({ x, 'param.down': down, 'param.up': up }, { activation }: Settings) => ({
    g: onEngine(x, { down, up }, activation),
  })),
  says: { whole: 'σ(x) as 1 / (1 + e^{−x})', tokenwise: 'σ(x) as 1 / (1 + e^{−x})' },
  forms: {
    whole: { tanh: { ...tanhText, program: byTanh.whole } },
    tokenwise: { tanh: { ...tanhText, program: byTanh.tokenwise } },
  },
  reference: 'whole',
});
