/** @file Lists the families and kinds of vectors that the project is compared with. */
import type { Adapter } from './case.ts';
import { convolutionStepCase } from './conv-step.ts';
import { deltaRule, gatedDeltaRule, kda } from './delta-rules.ts';
import { denseMambaCase } from './dense-mamba.ts';
import { denseRetNetCase } from './dense-retnet.ts';
import { denseSsmCase } from './dense-ssm.ts';
import { linearAttention, naiveRetention, simpleGla } from './fla.ts';
import { gla } from './gla.ts';
import { mambaCase } from './mamba-lm.ts';
import { stateSpaceDualityCase } from './mamba2.ts';
import { mamba2ScanCase } from './mamba2-scan.ts';
import { mamba3 } from './mamba3.ts';
import { packedCase } from './packed.ts';
import { retNetDecoderCase } from './retnet-decoder.ts';
import { retNetLayerCase } from './retnet-layer.ts';
import { rwkv7 } from './rwkv7.ts';
import { selectiveScanCase } from './selective-scan.ts';
import { stateUpdateCase } from './state-update.ts';
import { xposRetNetCase } from './xpos-retnet.ts';

/** Adapters by family, then by the `kind` in the config; `*` serves every other kind and none. */
export type AdapterTable = Readonly<Record<string, Readonly<Record<string, Adapter>>>>;

/** The families and kinds covered. Others are reported as not covered yet. */
export const adapters: AdapterTable = {
  delta: { '*': deltaRule },
  conv_step: { conv_prefill: convolutionStepCase, conv_update: convolutionStepCase },
  dense_mamba: { dense_mamba_lm: denseMambaCase },
  dense_retnet: { '*': denseRetNetCase },
  dense_ssm: { dense_ssm_stack: denseSsmCase },
  fla: { linear_attn: linearAttention, naive_retention: naiveRetention, simple_gla: simpleGla },
  gated_delta: { '*': gatedDeltaRule },
  gla: { gla },
  kda: { '*': kda },
  mamba: { mamba_lm: mambaCase, selective_scan: selectiveScanCase },
  mamba2_scan: { mamba2_scan: mamba2ScanCase },
  mamba2: { ssd_minimal: stateSpaceDualityCase },
  packed: { packed: packedCase },
  mamba3: { mamba3_siso: mamba3 },
  state_update: { state_update: stateUpdateCase },
  retnet: { torchscale_msr: retNetLayerCase, torchscale_decoder: retNetDecoderCase, jamie_retnet: xposRetNetCase },
  rwkv7: { dplr: rwkv7, rwkv7 },
};

/** The adapter of a family and kind, or null. */
export function adapterFor(table: AdapterTable, family: string, kind: string | null): Adapter | null {
  const kinds = Object.hasOwn(table, family) ? table[family]! : {};
  for (const key of [kind, '*']) if (key !== null && Object.hasOwn(kinds, key)) return kinds[key]!;
  return null;
}
