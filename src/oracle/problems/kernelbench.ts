/** @file Writes a problem in the form of KernelBench: a file of Python with Model, get_inputs and get_init_inputs. */
import type { Slot } from '../case.ts';
import type { MadeProblem, Problem } from './problem.ts';
import { numberText } from './torch.ts';

/** Numbers of a slot, drawn by PyTorch's generator, which the benchmark seeds. */
function drawnText({ shape, below, between, sign, logDecay, spread = 1, centre = 0 }: Slot): string {
  const size = shape.join(', ');
  if (below !== undefined) return `torch.randint(0, ${below}, [${size}])`;
  if (between !== undefined) {
    const [low, high] = between;
    return `${numberText(low)} + ${numberText(high - low)} * torch.rand([${size}])`;
  }
  const normal = `${spread === 1 ? '' : `${numberText(spread)} * `}torch.randn([${size}])`;
  const moved = centre === 0 ? normal : `${numberText(centre)} + ${normal}`;
  if (logDecay === true || sign === -1) return `-(${moved}).abs()`;
  return sign === 1 ? `(${moved}).abs()` : moved;
}

/** What the problem is, in a sentence. */
export const titleOf = ({ operator, signature, settings }: Problem): string =>
  `${operator}: ${signature}${Object.keys(settings).length === 0 ? '' : `; settings ${JSON.stringify(settings)}`}`;

/** The file of a problem. */
export function kernelBenchFile({ problem, reference, layout }: MadeProblem): string {
  const names = problem.inputs.map(({ argument }) => argument);
  const real = problem.inputs.find(({ isIndex }) => !isIndex)!.argument;
  const several = problem.outputs.length > 1;
  const returned = several
    ? `torch.cat([y.flatten() for y in results]).to(${real}.dtype)`
    : `results[0].to(${real}.dtype)`;
  const outputs = problem.outputs.map(({ argument, shape }) => `${argument} [${shape.join(', ')}]`).join(', then ');
  return `import math

import torch
import torch.nn as nn

${reference}


class Model(nn.Module):
    """${titleOf(problem)}

    Computed in float64, and returned in the type of the inputs: ${outputs}${several ? ', each flattened, joined in one tensor' : ''}.
    Written by densessm, which also judges a ModelNew: problem.json has what it needs.
    """

    def forward(self, ${names.join(', ')}):
        results = reference(*(x.double() for x in (${names.join(', ')},)))
        return ${returned}


def get_inputs():
    return [
${Object.values(layout.inputs)
  .map((slot) => `        ${drawnText(slot)},`)
  .join('\n')}
    ]


def get_init_inputs():
    return []
`;
}
