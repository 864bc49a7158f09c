/** @file Writes a problem in the form of flashinfer-bench: a definition, workloads, and the tensors that are not plain normal numbers. */

import type { DType } from '../../io/dtypes.ts';
import { formatSafetensors } from '../../io/safetensors.ts';
import { fill, type Slot } from '../case.ts';
import { titleOf } from './kernelbench.ts';
import type { MadeProblem, Problem, ProblemTensor } from './problem.ts';

const typeNames = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' } as const;

/** A name of Python's kind for a text: `selectiveScan` becomes `selective_scan`, `h*d` becomes `h_d`. */
const snake = (text: string): string =>
  text
    .replaceAll(/([A-Z])/g, '_$1')
    .replaceAll("'", '_prime')
    .replaceAll('+', '_plus_')
    .replaceAll(/\W/g, '_')
    .toLowerCase();

const axisName = (letters: string): string => (/^\d+$/.test(letters) ? `length_${letters}` : snake(letters));

/** The name of the definition: the operator and its lengths. */
export const definitionName = ({ operator, domain }: Problem): string =>
  [snake(operator), ...Object.entries(domain.axes).map(([letter, length]) => `${snake(letter)}${length}`)].join('_');

/** Whether the benchmark's own random numbers, normal ones, are those of a slot. */
const isPlain = ({ below, between, sign, logDecay, spread = 1, centre = 0 }: Slot): boolean =>
  below === undefined && between === undefined && sign === undefined && !logDecay && spread === 1 && centre === 0;

function definitionOf({ problem, reference }: MadeProblem): object {
  const type = typeNames[problem.dtype];
  const names = problem.inputs.map(({ argument }) => argument).join(', ');
  const all = [...problem.inputs, ...problem.outputs];
  const axes = new Map(
    all.flatMap(({ axes: letters, shape }) => letters.map((one, i) => [axisName(one), [one, shape[i]!]] as const)),
  );
  const specs = (side: readonly ProblemTensor[], what: string): object =>
    Object.fromEntries(
      side.map(({ name, argument, axes: letters, isIndex }) => [
        argument,
        {
          shape: letters.map(axisName),
          dtype: isIndex ? 'int64' : type,
          description: `The ${what} ${name} of the operator.`,
        },
      ]),
    );
  const returned =
    problem.outputs.length > 1 ? `tuple(y.to(torch.${type}) for y in results)` : `results[0].to(torch.${type})`;
  return {
    name: definitionName(problem),
    op_type: snake(problem.operator),
    description: `${titleOf(problem)}. The reference computes in float64.`,
    tags: ['source:densessm'],
    axes: Object.fromEntries(
      [...axes].map(([name, [letters, value]]) => [
        name,
        { type: 'const', value, description: `The axis ${letters} of the signature.` },
      ]),
    ),
    inputs: specs(problem.inputs, 'input'),
    outputs: specs(problem.outputs, 'output'),
    reference: `import math\n\nimport torch\n\n${reference}\n\n\n@torch.no_grad()\ndef run(${names}):\n    results = reference(*(x.double() for x in (${names},)))\n    return ${returned}\n`,
  };
}

/** The files of a problem by their paths in a dataset, with `count` workloads. */
export function flashinferFiles(made: MadeProblem, count: number): Record<string, string | Uint8Array> {
  const { problem, layout } = made;
  const name = definitionName(problem);
  const folder = snake(problem.operator);
  const files: Record<string, string | Uint8Array> = {
    [`definitions/${folder}/${name}.json`]: `${JSON.stringify(definitionOf(made), null, 2)}\n`,
  };
  const lines: string[] = [];
  for (let n = 0; n < count; n++) {
    const seed = problem.seed + n;
    const uuid = `${name}_seed${seed}`;
    const { inputs } = fill(layout, seed, 'normal');
    const stored = problem.inputs.filter(({ name: own }) => !isPlain(layout.inputs[own]!));
    const path = `blob/workloads/${folder}/${name}/${uuid}.safetensors`;
    if (stored.length > 0)
      files[path] = formatSafetensors(
        new Map(
          stored.map(({ name: own, argument, shape, isIndex }) => {
            const dtype: DType = isIndex ? 'I64' : problem.dtype;
            return [argument, { dtype, shape, data: inputs[own]!.data }];
          }),
        ),
      );
    const specs = problem.inputs.map(({ argument }) => [
      argument,
      stored.some((one) => one.argument === argument)
        ? { type: 'safetensors', path, tensor_key: argument }
        : { type: 'random' },
    ]);
    const workload = { axes: {}, inputs: Object.fromEntries(specs), uuid };
    lines.push(JSON.stringify({ definition: name, workload, solution: null, evaluation: null }));
  }
  files[`workloads/${folder}/${name}.jsonl`] = `${lines.join('\n')}\n`;
  return files;
}
