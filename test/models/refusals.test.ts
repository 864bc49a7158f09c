/** @file Refused calls of models (configurations, parameters, states, options), each with its full message. */
import { describe, expect, it } from 'vitest';
import { f64, indices, tensor } from '../../src/executors/f64/index.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { authorsReadings, denseRetNetConfig, paperReadings } from '../../src/models/dense-retnet-config.ts';
import { type GenerateOptions, generate } from '../../src/models/generate.ts';
import { checkParameters, initialise, type ModelState } from '../../src/models/language-model.ts';
import { type RetNetConfig, retNet } from '../../src/models/retnet.ts';
import { xposRetNet } from '../../src/models/xpos-retnet.ts';
import { refuses, untyped } from '../support/refusals.ts';

const config = denseRetNetConfig({ vocabulary: 8, width: 32, heads: 2, layers: 2, denseLayers: 1 });
const params = initialise(denseRetNet, config, { on: f64, seed: 1 });
const plainConfig: RetNetConfig = {
  vocabulary: 8,
  width: 8,
  heads: 2,
  valueWidth: 8,
  ffnWidth: 4,
  layers: 2,
  epsilon: 1e-6,
  embeddingScale: 1,
  residualScale: 1,
  retentionNorm: 'decay',
  rotationPhase: 'p',
};
const plainParams = initialise(retNet, plainConfig, { on: f64, seed: 1 });

const dense = (change: Record<string, unknown>) => () => denseRetNet.check({ ...config, ...change });
const reading = (change: Record<string, unknown>) => dense({ readings: { ...paperReadings, ...change } });
const plain = (change: Record<string, unknown>) => () => retNet.check({ ...plainConfig, ...change });

describe('a DenseRetNet is refused with', () => {
  refuses([
    [reading({ pass: 'Raw' }), "denseRetNet: pass is 'Raw'; choose 'raw' or 'fused' (did you mean 'raw'?)"],
    [
      reading({ pas: 'raw' }),
      "denseRetNet: there is no reading 'pas'; use pass, projection, gate, gateActivation, fusion, fusedNorm, firstLayer, retentionNorm, rotationPhase (did you mean 'pass'?)",
    ],
    [reading({ projection: 'none' }), "denseRetNet: projection is 'none'; choose 'identity' or 'linear'"],
    [
      reading({ gate: 'perlayer' }),
      "denseRetNet: gate is 'perlayer'; choose 'shared' or 'perLayer' (did you mean 'perLayer'?)",
    ],
    [
      reading({ gateActivation: 'SiLU' }),
      "denseRetNet: gateActivation is 'SiLU'; choose 'silu' or 'none' (did you mean 'silu'?)",
    ],
    [reading({ fusion: 'sum' }), "denseRetNet: fusion is 'sum'; choose 'add' or 'concat' or 'attention'"],
    [reading({ fusedNorm: 'RMS' }), "denseRetNet: fusedNorm is 'RMS'; choose 'rms' or 'none' (did you mean 'rms'?)"],
    [reading({ firstLayer: true }), "denseRetNet: firstLayer is true; choose 'plain' or 'normed'"],
    [
      reading({ retentionNorm: undefined }),
      "denseRetNet: retentionNorm is undefined; choose 'none' or 'decay' or 'torchscale'",
    ],
    [
      reading({ rotationPhase: 'p−1' }),
      "denseRetNet: rotationPhase is 'p−1'; choose 'p' or 'p-1' (did you mean 'p-1'?)",
    ],
    [
      dense({ readings: undefined }),
      'denseRetNet: readings is undefined; give a choice for each of pass, projection, gate, gateActivation, fusion, fusedNorm, firstLayer, retentionNorm, rotationPhase',
    ],
    [dense({ padToken: -1 }), 'denseRetNet: padToken is -1; it is a token of the vocabulary, 0 to 7, or null'],
    [dense({ padToken: 1.5 }), 'denseRetNet: padToken is 1.5; it is a token of the vocabulary, 0 to 7, or null'],
    [dense({ padToken: 8 }), 'denseRetNet: padToken is 8; it is a token of the vocabulary, 0 to 7, or null'],
    [dense({ epsilon: Number.NaN }), 'denseRetNet: epsilon is NaN; it lies in [0, 1)'],
    [dense({ heads: 0 }), 'denseRetNet: heads is 0; it must be an integer of at least 1'],
  ]);

  it('no error for a valid configuration', () => {
    denseRetNet.check({ ...config, padToken: 7, readings: authorsReadings });
    denseRetNet.check({ ...config, padToken: 0 });
  });
});

describe('a RetNet is refused with', () => {
  refuses([
    [plain({ epsilon: Number.NaN }), 'retnet: epsilon is NaN; it lies in [0, 1)'],
    [plain({ epsilon: '1e-6' }), "retnet: epsilon is '1e-6'; it lies in [0, 1)"],
    [plain({ embeddingScale: Number.NaN }), 'retnet: embeddingScale is NaN; it must be a finite number'],
    [plain({ residualScale: Number.NaN }), 'retnet: residualScale is NaN; it must be a finite number'],
    [plain({ residualScale: undefined }), 'retnet: residualScale is undefined; it must be a finite number'],
    [
      plain({ retentionNorm: 'torch' }),
      "retnet: retentionNorm is 'torch'; choose 'none' or 'decay' or 'torchscale' (did you mean 'torchscale'?)",
    ],
    [plain({ rotationPhase: 'q' }), "retnet: rotationPhase is 'q'; choose 'p' or 'p-1'"],
    [plain({ ffnWidth: '4' }), "retnet: ffnWidth is '4'; it must be an integer of at least 1"],
  ]);
});

describe('parameters of another configuration are refused', () => {
  const given = (change: Record<string, unknown>) => () =>
    checkParameters(denseRetNet, params, { ...config, ...change });
  const read = (change: Record<string, unknown>) => given({ readings: { ...paperReadings, ...change } });
  const [first, second] = params.layers;
  refuses([
    [
      given({ layers: 3 }),
      'dense-retnet: the parameters lack layers.2.inputNorm, [32] in this configuration; change one of them',
    ],
    [
      given({ layers: 1 }),
      'dense-retnet: parameter layers.1.inputNorm, [32], has no place in this configuration; change one of them',
    ],
    [
      given({ denseLayers: 0 }),
      'dense-retnet: parameter layers.1.keyFusion.gates.0.down, [1, 32], has no place in this configuration; change one of them',
    ],
    [
      read({ projection: 'identity' }),
      'dense-retnet: parameter layers.1.keyFusion.projections.0, [16, 16], has no place in this configuration; change one of them',
    ],
    [
      read({ fusion: 'concat' }),
      'dense-retnet: the parameters lack layers.1.keyFusion.merge, [16, 32] in this configuration; change one of them',
    ],
    [
      read({ fusedNorm: 'rms' }),
      'dense-retnet: the parameters lack layers.1.keyFusion.norm, [16] in this configuration; change one of them',
    ],
    [
      read({ fusedNorm: 'rms', firstLayer: 'normed' }),
      'dense-retnet: the parameters lack layers.0.keyFusion.norm, [16] in this configuration; change one of them',
    ],
    [
      given({ vocabulary: 9 }),
      'dense-retnet: parameter embedding has shape [8, 32], not [9, 32] as configured; change one of them',
    ],
    [
      given({ readings: { ...paperReadings, pass: 'Raw' } }),
      "denseRetNet: pass is 'Raw'; choose 'raw' or 'fused' (did you mean 'raw'?)",
    ],
    [
      () =>
        checkParameters(denseRetNet, { ...params, layers: [first!, { ...second!, valueFusion: undefined }] }, config),
      'dense-retnet: the parameters lack layers.1.valueFusion.gates.0.down, [1, 32] in this configuration; change one of them',
    ],
    [
      () => checkParameters(denseRetNet, untyped(undefined), config),
      'tree: the root is undefined; a tree holds values, lists and records of them',
    ],
    [
      () => checkParameters(retNet, plainParams, { ...plainConfig, layers: 3 }),
      'retnet: the parameters lack layers.2.inputNorm, [8] in this configuration; change one of them',
    ],
    [
      () => checkParameters(retNet, untyped({ ...plainParams, tail: tensor([1]) }), plainConfig),
      'retnet: parameter tail, [1], has no place in this configuration; change one of them',
    ],
    [
      () => generate(denseRetNet, params, { ...config, layers: 3 }, [[1]], { steps: 1 }),
      'dense-retnet: the parameters lack layers.2.inputNorm, [32] in this configuration; change one of them',
    ],
  ]);
});

describe('a step is refused', () => {
  const state = denseRetNet.start(params, config, 1);
  const plainState = retNet.start(plainParams, plainConfig, 1);
  const tokens = indices([[1, 2]]);
  const from = (change: object, ids = tokens, of = config) => {
    return () => denseRetNet.forward(params, of, ids, { ...state, ...change }, { name: 'recurrent' });
  };
  const plainFrom = (change: object, ids = tokens) => {
    return () => retNet.forward(plainParams, plainConfig, ids, { ...plainState, ...change }, { name: 'recurrent' });
  };
  const stateOf = (given: unknown) => () =>
    denseRetNet.forward(params, config, tokens, untyped(given), { name: 'recurrent' });
  const counts = 'it counts the tokens before, an integer ≥ 0';
  const fromStart = 'give what its start or forward returned';
  refuses([
    [from({ position: -4 }), `denseRetNet: the position is -4; ${counts}`],
    [from({ position: 0.5 }), `denseRetNet: the position is 0.5; ${counts}`],
    [plainFrom({ position: Number.NaN }), `retnet: the position is NaN; ${counts}`],
    [from({ layers: state.layers.slice(1) }), `denseRetNet: a state of 1 layers for a model of 2; ${fromStart}`],
    [plainFrom({ layers: [] }), `retnet: a state of 0 layers for a model of 2; ${fromStart}`],
    [stateOf(undefined), 'denseRetNet: the state is undefined; give what start or the last forward returned'],
    [stateOf({ position: 0 }), 'denseRetNet: the state is an object; give what start or the last forward returned'],
    [
      from({ layers: [state.layers[0], undefined] }),
      'recurrentRetention: the state is undefined, not a value; make one with tensor(…)',
    ],
    [from({}, indices([1, 2])), 'denseRetNet: tokens has shape [2]; it is [b, t], so reshape it'],
    [plainFrom({}, indices([1, 2])), 'retnet: tokens has shape [2]; it is [b, t], so reshape it'],
    [from({}, untyped([[1, 2]])), 'denseRetNet: tokens is a list of 1, not a value; make one with tensor(…)'],
    [
      from({}, tokens, { ...config, layers: 3 }),
      'denseRetNet: parameters of 2 layers, a configuration of 3; change one of them',
    ],
    [
      () =>
        xposRetNet(
          [],
          { decay: [0.5], epsilon: 0, recurrentShift: 1 },
          tensor([[[1]]]),
          { position: -1, layers: [] } satisfies ModelState,
          { name: 'recurrent' },
        ),
      `xposRetNet: the position is -1; ${counts}`,
    ],
  ]);
});

describe('generate refuses', () => {
  const run = (prompt: unknown, options: unknown = { steps: 1 }) => {
    return () => generate(denseRetNet, params, config, untyped(prompt), untyped(options) as GenerateOptions);
  };
  const listed = 'it is a list of tokens, as in [[1, 2]] for one sequence';
  refuses([
    [run(null), 'generate: the prompt is null; give lists of tokens, one per sequence'],
    [run('ab'), "generate: the prompt is 'ab'; give lists of tokens, one per sequence"],
    [run([1, 2]), `generate: sequence 0 of the prompt is 1; ${listed}`],
    [run([[1], 2]), `generate: sequence 1 of the prompt is 2; ${listed}`],
    [run([['1']]), "generate: token 0 of sequence 0 of the prompt is '1'; the vocabulary is 0 to 7"],
    [
      () => generate(denseRetNet, params, config, [[1]], untyped(undefined)),
      'generate: the options are undefined; give a record with steps at least, as in { steps: 3 }',
    ],
    [run([[1]], 3), 'generate: the options are 3; give a record with steps at least, as in { steps: 3 }'],
    [
      run([[1]], { steps: 1, topk: 2 }),
      "generate: unknown option 'topk'; use steps, mode, seed, stopAt, temperature, topK, topP (did you mean 'topK'?)",
    ],
    [
      run([[1]], { steps: 1, beams: 2 }),
      "generate: unknown option 'beams'; use steps, mode, seed, stopAt, temperature, topK, topP",
    ],
    [
      run([[1]], { steps: 0, mode: 'parallel' }),
      "generate: the mode is 'parallel'; it is a record, as in { name: 'parallel' }",
    ],
  ]);

  it('none of the existing options', () => {
    const all = { steps: 1, mode: { name: 'parallel' }, seed: 1, stopAt: 0, temperature: 1, topK: 2, topP: 0.5 };
    expect(run([[1]], all)()).toHaveLength(1);
  });
});

describe('initialise refuses', () => {
  refuses([
    [
      () => initialise(untyped(undefined), config, { on: f64, seed: 1 }),
      'initialise: the model is undefined; give one of densessm/models',
    ],
    [
      () => initialise(denseRetNet, config, untyped(undefined)),
      'initialise: the third argument names no executor; write { on: f64, seed: 1 }',
    ],
    [
      () => initialise(denseRetNet, config, untyped({ seed: 1 })),
      'initialise: the third argument names no executor; write { on: f64, seed: 1 }',
    ],
  ]);
});
