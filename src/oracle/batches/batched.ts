/** @file Makes the operator of packed or padded batches from that of sequences of one length: what a check asks about kernels with `cu_seqlens` or masks. */
import * as fc from 'fast-check';
import { axisOf, longestIn } from '../axes.ts';
import { type BatchKind, batchSettingNames } from '../batch-kind.ts';
import type { Layout, Settings, Slot } from '../case.ts';
import type { Domain } from '../domain/domain.ts';
import { among } from '../draw.ts';
import type { Form, Operator, Size } from '../operator.ts';
import type { Program } from '../program.ts';
import type { Axis, Side } from '../signature.ts';
import { afresh } from './afresh.ts';
import { type BatchSettings, eachAlone } from './alone.ts';
import { addedLengths, packedLengths, paddedLengths, picked } from './lengths.ts';

const known = new Map<string, Operator>();

/** The operator of a row of a check: an operator itself, or that of its batches of a kind. Equal arguments give the same one. */
export function batchedOf(operator: Operator, kind: BatchKind | null): Operator {
  if (kind === null) return operator;
  const key = `${operator.name} ${kind}`;
  const made = known.get(key) ?? make(operator, kind);
  known.set(key, made);
  return made;
}

/** The part of a domain that speaks of an operator's cases. A packed row is one batch, and has any number of sequences. */
export function domainIn({ batched }: Operator, domain: Domain | undefined): Domain | undefined {
  if (domain === undefined) return undefined;
  const known = batched === undefined ? [] : batched.kind === 'packed' ? ['lengths'] : batchSettingNames;
  const isOfOthers = (name: string): boolean =>
    batchSettingNames.some((one) => one === name) && !known.some((one) => one === name);
  const settings = Object.fromEntries(Object.entries(domain.settings).filter(([name]) => !isOfOthers(name)));
  const { b: _b, ...axesOfRows } = domain.axes;
  return {
    ...domain,
    settings,
    axes: batched?.kind === 'packed' ? axesOfRows : domain.axes,
  };
}

function make(whole: Operator, kind: BatchKind): Operator {
  const operator = afresh(whole);
  const lifted = (run: Program, mode: string): Program => eachAlone(operator, kind, run, operator.modes[mode]);
  const { definedBy: _, equations: __, ...own } = operator;
  return {
    ...own,
    batched: { kind, of: whole },
    batches: false,
    signature: kind === 'packed' ? packedSignature(operator) : operator.signature,
    layouts: (size) => (kind === 'packed' ? packedLayouts(operator, size) : paddedLayouts(operator, size)),
    modes: mapped(operator.modes, lifted),
    forms: mapped(operator.forms ?? {}, (forms, mode) =>
      mapped(forms, ({ agrees: _agrees, ...form }: Form): Form => ({ ...form, program: lifted(form.program, mode) })),
    ),
    definition: () => {
      throw new Error(`${operator.name}, ${kind}: it is defined by each sequence alone`);
    },
  };
}

const mapped = <T, R>(named: Readonly<Record<string, T>>, f: (x: T, name: string) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(named).map(([name, x]) => [name, f(x, name)]));

/** The signature of packed rows: tokens of all sequences in a batch of one; b counts the states. */
function packedSignature({ signature }: Operator): Operator['signature'] {
  const isTime = ({ letters: [letter, ...more] }: Axis): boolean => letter === 't' && more.length === 0;
  const inRow = (axes: readonly Axis[]): readonly Axis[] =>
    axes.some(isTime)
      ? axes.map((axis) => (axis.letters.join() === 'b' ? { letters: ['1'], join: axis.join } : axis))
      : axes;
  const side = (terms: Side): Side => terms.map((term) => ({ ...term, shapes: term.shapes.map(inRow) }));
  const { text, inputs, outputs } = signature;
  return { text, inputs: side(inputs), outputs: side(outputs) };
}

/** Draws packed rows: layouts of one row whose tokens are divided among sequences, with a state for each. */
function packedLayouts(operator: Operator, size: Size): fc.Arbitrary<Layout> {
  const oneRow: Size = {
    ...size,
    axis: (letter, usual) => (letter === 'b' ? fc.constant(1) : size.axis?.(letter, usual)),
  };
  // a length that is asked for is that of all tokens
  const isGiven = size.axis?.('t', fc.constant(1)) !== undefined;
  return fc.record({ layout: operator.layouts(oneRow), picks: picked }).map(({ layout, picks }) => {
    const lengths = (isGiven ? packedLengths : addedLengths)(size, layout.settings, longestIn(operator, layout), picks);
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    const packed = (side: 'inputs' | 'outputs', name: string, shape: readonly number[]): readonly number[] => {
      const time = axisOf(operator, 'time', side, name);
      if (time !== undefined) return shape.with(time, tokens);
      return axisOf(operator, 'batch', side, name) === undefined ? shape : shape.with(0, lengths.length);
    };
    return {
      ...layout,
      inputs: mapped(layout.inputs, (slot, name): Slot => ({ ...slot, shape: packed('inputs', name, slot.shape) })),
      outputs: mapped(layout.outputs, (shape, name) => packed('outputs', name, shape)),
      settings: { ...layout.settings, lengths },
    };
  });
}

/** Draws padded batches: layouts as usual, with the length of the sequence in each row. */
const paddedLayouts = (operator: Operator, size: Size): fc.Arbitrary<Layout> =>
  fc
    .record({ layout: operator.layouts(size), picks: picked, padding: among(size, 'padding', 'right', 'left') })
    .map(({ layout, picks, padding }) => {
      const [rows, t] = [rowsOf(operator, layout), longestIn(operator, layout)];
      const lengths = paddedLengths(size, layout.settings, t, rows, picks);
      return { ...layout, settings: { ...layout.settings, lengths, padding } };
    });

/** The number of rows of a layout. */
const rowsOf = (operator: Operator, { inputs }: Layout): number =>
  Object.entries(inputs).find(([name]) => axisOf(operator, 'time', 'inputs', name) !== undefined)![1].shape[0]!;

/**
 * The settings for other lengths of the axes: packed lengths are cut or extended at the end; rows get lengths again. Without a batch as
 * they are.
 */
export function settingsFor(
  { batched }: Operator,
  settings: Settings,
  { b, t }: Readonly<Record<string, number>>,
): Settings {
  if (batched === undefined || t === undefined) return settings;
  const { lengths: before } = settings as BatchSettings;
  // only states count the sequences of a packed row
  const sequences = b ?? before.length;
  if (batched.kind === 'padded') {
    const lengths = Array.from({ length: sequences }, (_, i) => Math.min(t, before[i % before.length]!));
    return { ...settings, lengths };
  }
  let rest = t;
  const lengths = Array.from({ length: sequences }, (_, i) => {
    const length = i === sequences - 1 ? rest : Math.min(rest, before[i] ?? 0);
    rest -= length;
    return length;
  });
  return { ...settings, lengths };
}
