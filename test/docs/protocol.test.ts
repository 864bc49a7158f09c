import { expect, it } from 'vitest';
import { formats } from '../../src/executors/profiles/declared.ts';
import { sites } from '../../src/executors/profiles/profile.ts';
import { formatSafetensors } from '../../src/io/safetensors.ts';
import type { Backend } from '../../src/oracle/backends/backend.ts';
import { descriptionIn, type SelfDescription } from '../../src/oracle/backends/message.ts';
import { check } from '../../src/oracle/check/check.ts';
import { pageText } from './blocks.ts';

const page = pageText('docs/protocol.md');
const offers = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);

const nothing: Backend['answer'] = async () => ({ kind: 'unsupported', reason: 'it is a page' });

it('docs/protocol.md has descriptions', () => {
  expect(offers).toHaveLength(4);
});

it.each(offers)('its description has known names only: %s', async (operators) => {
  const texts = { message: 'description', id: '1', protocol: '1', name: 'mine', operators };
  const read = descriptionIn(formatSafetensors(new Map(), new Map(Object.entries(texts))), '1');
  expect(read).toHaveProperty('description');
  const { description } = read as SelfDescription;
  const backend: Backend = { description, compiles: false, answer: nothing, close: async () => {} };
  const { problems } = await check(backend, { cases: 1, longest: 3, seed: 1, operators: [] });
  expect(problems).toEqual([]);
});

it('names every site and format of a profile', () => {
  for (const name of [...sites, ...Object.keys(formats)]) expect(page).toContain(`\`${name}\``);
});
