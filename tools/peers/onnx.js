/** @file The works in onnxruntime-web, each a graph of its own. It has no gradients here. */
import * as ort from 'onnxruntime-web/wasm';
import { decayMatrix, drawn, retentionInputs, retentionShape } from '../../.bench/bench/peers/inputs.js';
import { serve } from '../../.bench/bench/peers/serve.js';

ort.env.wasm.numThreads = 1;

/** The protocol buffers of ONNX, as far as graphs of a few nodes need them: numbers, text and messages. */
const varint = (x) => (x < 128 ? [x] : [(x & 127) | 128, ...varint(x >> 7)]);
const number = (field, x) => [...varint(field << 3), ...varint(x)];
const bytes = (field, content) => [...varint((field << 3) | 2), ...varint(content.length), ...content];
const text = (field, x) => bytes(field, [...new TextEncoder().encode(x)]);

const node = ([op, from, to, perm]) => [
  ...from.flatMap((name) => text(1, name)),
  ...text(2, to),
  ...text(4, op),
  // AttributeProto: its name, its integers, and that these are its type
  ...(perm ? bytes(5, [...text(1, 'perm'), ...perm.flatMap((x) => number(8, x)), ...number(20, 7)]) : []),
];
const typed = (name, type, shape) => [
  ...text(1, name),
  ...bytes(
    2,
    bytes(1, [
      ...number(1, type),
      ...bytes(
        2,
        shape.flatMap((n) => bytes(1, number(1, n))),
      ),
    ]),
  ),
];

/** A model of nodes `[operator, names of operands, name of the result, permutation]`, the last of which makes `out`. */
function model(nodes, inputs, shape, type) {
  const graph = [
    ...nodes.flatMap((x) => bytes(1, node(x))),
    ...text(2, 'work'),
    ...Object.entries(inputs).flatMap(([name, of]) => bytes(11, typed(name, type, of.shape))),
    ...bytes(12, typed('out', type, shape)),
  ];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 13))]);
}

async function workOf(nodes, inputs, shape, type) {
  const [kind, name] = type === 'f64' ? [11, 'float64'] : [1, 'float32'];
  const session = await ort.InferenceSession.create(model(nodes, inputs, shape, kind), {
    executionProviders: ['wasm'],
    logSeverityLevel: 4,
  });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([key, { numbers, shape: of }]) => [
      key,
      new ort.Tensor(name, type === 'f64' ? numbers : Float32Array.from(numbers), of),
    ]),
  );
  return { run: () => session.run(feeds), read: async () => (await session.run(feeds)).out.data };
}

const two = (op, shape, size, type) =>
  workOf(
    [[op, ['x', 'y'], 'out']],
    { x: { numbers: drawn(size, 1), shape }, y: { numbers: drawn(size, 2), shape } },
    shape,
    type,
  );

const noGradients = () => {
  throw new Error('has no gradients');
};

await serve(ort.env.versions.web, {
  product: ({ n, type }) => two('MatMul', [n, n], n * n, type),
  add: ({ type }) => two('Add', [8], 8, type),
  retention: ({ type }) => {
    const [q, k, v] = retentionInputs().map((numbers) => ({ numbers, shape: retentionShape }));
    const decay = { numbers: decayMatrix(), shape: [1, 4, 512, 512] };
    const nodes = [
      ['Transpose', ['k'], 'kt', [0, 1, 3, 2]],
      ['MatMul', ['q', 'kt'], 'scores'],
      ['Mul', ['scores', 'decay'], 'weights'],
      ['MatMul', ['weights', 'v'], 'out'],
    ];
    return workOf(nodes, { q, k, v, decay }, retentionShape, type);
  },
  chain: noGradients,
  retentionGradients: noGradients,
  scanGradients: noGradients,
  training: noGradients,
});
