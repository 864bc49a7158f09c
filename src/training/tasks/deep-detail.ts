/** @file Defines the task deep-detail: a detail of a token's own embedding is asked for only after several lookups. */
import { drawDistinct, failTask, guessAmong, letters, setting, task } from './task.ts';

const [separator, firstNode] = [0, 1];

/**
 * A row has a record for each node, in random order: the node, the node that it points to, and a detail. The pointers make one cycle.
 * After a separator each token is a node, and the answer is the detail of the node that is `hops` pointers away.
 *
 * Why a deep layer needs shallow detail here. Each hop looks up the result of the hop before, so hops take layers: one each for a model that
 * looks up once a layer, at least their logarithm for one that doubles pointers. Only the last lookup reads details. Until
 * then a detail is of no use, it does not depend on any other token, and the embedding (or the first layer, which joins it to the node of its
 * record) has it best. So the keys and values of the last lookup, in a deep layer, are those of a shallow one.
 * A stack without dense connections must carry all details through the layers of the hops, in the
 * same channels that carry the pointers. The paper claims that this loses detail, and that its connection restores it.
 *
 * `hops` = 0 is the control: the same rows and answers of the same kind, without depth. If a model learns 0 hops and not `hops`, it lacks
 * lookups or detail; compare models at equal layers. It is no proof: a wide enough residual stream carries
 * everything, and records that point to an earlier one can fetch its detail early.
 */
export const deepDetail = task({
  name: 'deep-detail',
  description:
    'follow pointers from node to node, then say a detail of the node reached: shallow detail in a deep layer',
  paper:
    'ours, for the claim of He et al., DenseMamba, 2024; the hops are as in the k-hop induction heads of Sanford, Hsu & Telgarsky, Transformers, Parallel Computation, and Logarithmic Depth, 2024',
  evidence:
    'our choice: neither paper has this task. That k hops take a Transformer depth log k is shown by the second',
  settings: {
    hops: setting(3, 0, 'pointers to follow; 0 is the control'),
    nodes: setting(8, 1, 'nodes of the cycle'),
    details: setting(16, 2, 'tokens that a detail can be'),
  },
  rules({ hops, nodes, details }) {
    if (hops >= nodes)
      failTask('deep-detail', `${hops} hops on a cycle of ${nodes} nodes come round; give more nodes, or fewer hops`);
    return {
      characters: ['|', ...letters('a', nodes), ...letters('A', details)],
      leastLength: 3 * nodes + 2,
      chance: 1 / details,
      guess: () => guessAmong(nodes, details),
      row(random, tokens, labels) {
        const cycle = drawDistinct(random, nodes, nodes);
        const detail = cycle.map(() => firstNode + nodes + random.integer(details));
        drawDistinct(random, nodes, nodes).forEach((i, record) => {
          tokens.set([firstNode + cycle[i]!, firstNode + cycle[(i + 1) % nodes]!, detail[i]!], 3 * record);
        });
        tokens[3 * nodes] = separator;
        for (let t = 3 * nodes + 1; t < tokens.length; t++) {
          const i = random.integer(nodes);
          tokens[t] = firstNode + cycle[i]!;
          labels[t] = detail[(i + hops) % nodes]!;
        }
      },
    };
  },
});
