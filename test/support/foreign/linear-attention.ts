/** @file Foreign programs of linear attention, gated linear attention, retention and state space duality. */
import {
  cumulated,
  exponentials,
  inChunks,
  multiplied,
  noDecays,
  products,
  segments,
  squarings,
  tables,
  wholeSequence,
} from './chunks.ts';
import { asAttention, asDuality, byGates, type Head, withoutResets, withoutZeroDecays } from './heads.ts';
import type { Foreign } from './program.ts';
import { blocked, kahan, pairwise, reversed, splitK } from './sums.ts';
import { tokenByToken } from './token-by-token.ts';

const asked = ({ chunk }: Head): number => chunk;
const constant = (size: number) => (): number => size;

const linearAttention: readonly Foreign[] = [
  {
    name: 'fused recurrent',
    operator: 'linearAttention',
    modes: ['recurrent'],
    says: 'adds k v to the state with one multiply-add, and goes back over stored states',
    run: asAttention(tokenByToken()),
  },
  {
    name: 'fused recurrent, reversed sums',
    operator: 'linearAttention',
    modes: ['recurrent'],
    says: 'sums channels from the last to the first',
    run: asAttention(tokenByToken({ dot: reversed })),
  },
  {
    name: 'chunks of 16 into the state',
    operator: 'linearAttention',
    modes: ['chunkwise'],
    says: 'has chunks of 16 whatever is asked, and adds each product straight into the carried state',
    run: asAttention(inChunks({ size: constant(16), decays: noDecays })),
  },
  {
    name: 'chunks of 64, split-K',
    operator: 'linearAttention',
    modes: ['chunkwise'],
    says: 'has chunks of 64, sums by four workers, and adds their sum to the state',
    run: asAttention(inChunks({ size: constant(64), decays: noDecays, dot: splitK, carry: 'apart' })),
  },
  {
    name: 'chunks, pairwise',
    operator: 'linearAttention',
    modes: ['chunkwise'],
    says: 'has the chunks that are asked for and sums by halves',
    run: asAttention(inChunks({ size: asked, decays: noDecays, dot: pairwise })),
  },
  {
    name: 'masked scores, Kahan',
    operator: 'linearAttention',
    modes: ['parallel'],
    says: 'sums with compensation, into what the state gives',
    run: asAttention(inChunks({ size: wholeSequence, decays: noDecays, dot: kahan })),
  },
  {
    name: 'masked scores, blocks',
    operator: 'linearAttention',
    modes: ['parallel'],
    says: 'sums blocks of two products',
    run: asAttention(inChunks({ size: wholeSequence, decays: noDecays, dot: blocked })),
  },
];

const simpleGla: readonly Foreign[] = [
  {
    name: 'fused recurrent',
    operator: 'simpleGla',
    modes: ['recurrent'],
    says: 'decays the state, then adds k v; gates have their gradient directly',
    run: asAttention(tokenByToken()),
  },
  {
    name: 'fused recurrent, written first',
    operator: 'simpleGla',
    modes: ['recurrent'],
    says: 'multiplies k v first and adds the decayed state by multiply-add',
    run: asAttention(tokenByToken({ update: 'written', dot: pairwise })),
  },
  {
    name: 'fused recurrent, gates by differences',
    operator: 'simpleGla',
    modes: ['recurrent'],
    says: 'the gradient of gates is the reversed cumulative sum of q dq − k dk',
    run: asAttention(tokenByToken({ gateGradient: 'difference' })),
  },
  {
    name: 'chunks of 64, cumulated gates',
    operator: 'simpleGla',
    modes: ['chunkwise'],
    says: 'exp of differences of cumulated gates; gates by q dq − k dk',
    run: asAttention(inChunks({ size: constant(64), decays: cumulated, gateGradient: 'difference' })),
    admits: withoutResets,
  },
  {
    name: 'chunks of 16, cumulated gates, keys scaled',
    operator: 'simpleGla',
    modes: ['chunkwise'],
    says: 'scales queries and keys by their decays before the products; gates as the derivative of cumulated gates',
    run: asAttention(inChunks({ size: constant(16), decays: cumulated, scales: 'keys', gateGradient: 'cumulated' })),
    admits: withoutResets,
  },
  {
    name: 'chunks of 64, cumulated gates, totals less sums',
    operator: 'simpleGla',
    modes: ['chunkwise'],
    says: 'exp of differences of cumulated gates; gates by the total of q dq − k dk less its cumulative sum',
    run: asAttention(inChunks({ size: constant(64), decays: cumulated, gateGradient: 'total' })),
    admits: withoutResets,
  },
  {
    name: 'chunks, segment sums',
    operator: 'simpleGla',
    modes: ['chunkwise'],
    says: 'exp of gates summed over each segment, state added apart',
    run: asAttention(inChunks({ size: asked, decays: segments, carry: 'apart' })),
  },
  {
    name: 'masked scores, products of decays',
    operator: 'simpleGla',
    modes: ['parallel'],
    says: 'running products of exp of the gates',
    run: asAttention(inChunks({ size: wholeSequence, decays: products, dot: reversed })),
  },
  {
    name: 'masked scores, cumulated gates',
    operator: 'simpleGla',
    modes: ['parallel'],
    says: 'exp of differences of cumulated gates over the whole sequence, with their derivative',
    run: asAttention(inChunks({ size: wholeSequence, decays: cumulated, gateGradient: 'cumulated', dot: splitK })),
    admits: withoutResets,
  },
];

const retention: readonly Foreign[] = [
  {
    name: 'fused recurrent',
    operator: 'retention',
    modes: ['recurrent'],
    says: 'multiplies k v first and adds γ times the state by multiply-add',
    run: asAttention(tokenByToken({ update: 'written' })),
  },
  {
    name: 'fused recurrent by gates',
    operator: 'retention',
    modes: ['recurrent'],
    says: 'takes γ as a rounded logarithm, and exp of it at each token',
    run: asAttention(byGates(tokenByToken())),
    admits: withoutZeroDecays,
  },
  {
    name: 'chunks of 64 by gates',
    operator: 'retention',
    modes: ['chunkwise'],
    says: 'takes γ as a rounded logarithm, cumulated over chunks of 64',
    run: asAttention(byGates(inChunks({ size: constant(64), decays: cumulated }))),
    admits: withoutZeroDecays,
  },
  {
    name: 'chunks of 64 by multiples of a gate',
    operator: 'retention',
    modes: ['chunkwise'],
    says: 'takes γ as a rounded logarithm, multiplied by numbers of tokens; decays as exp of differences, with multiply-add',
    run: asAttention(byGates(inChunks({ size: constant(64), decays: multiplied }))),
    admits: withoutZeroDecays,
  },
  {
    name: 'chunks of 16, powers from a table',
    operator: 'retention',
    modes: ['chunkwise'],
    says: 'γ^n is rounded once; products are added into the state',
    run: asAttention(inChunks({ size: constant(16), decays: tables, scales: 'keys' })),
  },
  {
    name: 'chunks, powers by squaring',
    operator: 'retention',
    modes: ['chunkwise'],
    says: 'γ^n by repeated squaring; split-K',
    run: asAttention(inChunks({ size: asked, decays: squarings, dot: splitK })),
  },
  {
    name: 'masked scores, exponentials',
    operator: 'retention',
    modes: ['parallel'],
    says: 'γ^n as 2^(n log₂ γ)',
    run: asAttention(inChunks({ size: wholeSequence, decays: exponentials })),
    admits: withoutZeroDecays,
  },
  {
    name: 'masked scores, running products',
    operator: 'retention',
    modes: ['parallel'],
    says: 'γ^n as a product of n factors; pairwise sums',
    run: asAttention(inChunks({ size: wholeSequence, decays: products, dot: pairwise })),
  },
];

const stateSpaceDuality: readonly Foreign[] = [
  {
    name: 'token by token',
    operator: 'stateSpaceDuality',
    modes: ['recurrent'],
    says: 'decays the state, then adds x ⊗ b',
    run: asDuality(tokenByToken({ dot: reversed })),
  },
  {
    name: 'token by token, gates by differences',
    operator: 'stateSpaceDuality',
    modes: ['recurrent'],
    says: 'the gradient of gates is the reversed cumulative sum of c dc − b db',
    run: asDuality(tokenByToken({ gateGradient: 'difference', update: 'written' })),
  },
  {
    name: 'blocks of 64, segsum',
    operator: 'stateSpaceDuality',
    modes: ['chunkwise'],
    says: 'exp of segment sums; the states of blocks are summed apart and passed on',
    run: asDuality(inChunks({ size: constant(64), decays: segments, carry: 'apart' })),
  },
  {
    name: 'blocks of 16, cumulated gates',
    operator: 'stateSpaceDuality',
    modes: ['chunkwise'],
    says: 'exp of differences of cumulated gates, with their derivative; the states of blocks are summed apart',
    run: asDuality(inChunks({ size: constant(16), decays: cumulated, carry: 'apart', gateGradient: 'cumulated' })),
    admits: withoutResets,
  },
  {
    name: 'blocks, cumulated gates, by differences',
    operator: 'stateSpaceDuality',
    modes: ['chunkwise'],
    says: 'exp of differences of cumulated gates; gates by c dc − b db',
    run: asDuality(inChunks({ size: asked, decays: cumulated, scales: 'keys', gateGradient: 'difference' })),
    admits: withoutResets,
  },
  {
    name: 'blocks of 16, gates by stored outputs',
    operator: 'stateSpaceDuality',
    modes: ['chunkwise'],
    says: 'exp of differences of cumulated gates; gates by y dy − x dx, of outputs and gradients as they are stored',
    run: asDuality(inChunks({ size: constant(16), decays: cumulated, carry: 'apart', gateGradient: 'outputs' })),
    admits: withoutResets,
    loses: 'in gradients of gates after an output that overflows its type',
  },
  {
    name: 'one matrix, segsum',
    operator: 'stateSpaceDuality',
    modes: ['parallel'],
    says: 'the whole sequence as one masked matrix of segment sums',
    run: asDuality(inChunks({ size: wholeSequence, decays: segments, dot: blocked })),
  },
];

/** Foreign programs of linear attention and its relatives. */
export const linearAttentions = [...linearAttention, ...simpleGla, ...retention, ...stateSpaceDuality];
