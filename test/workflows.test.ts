import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './support/root.ts';

const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };

/** What is wrong with a workflow: actions without a version, scripts that do not exist, more rights than reading. */
const faultsOf = (text: string): string[] => [
  ...[...text.matchAll(/uses: (\S+)/g)].map(([, name]) => name!).filter((name) => !/^actions\/[\w-]+@v\d+$/.test(name)),
  ...[...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!).filter((name) => !(name in scripts)),
  ...(/^permissions:\n {2}contents: read\n(?! )/m.test(text) ? [] : ['permissions']),
];

describe('the workflows', () => {
  it.each(workflows)('$name names versions, scripts that exist, and rights', ({ text }) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it('are refused without them', () => {
    const text = workflows.find(({ name }) => name === 'site.yml')!.text;
    expect(faultsOf(text.replace('checkout@v4', 'checkout@main'))).toEqual(['actions/checkout@main']);
    expect(faultsOf(text.replace('npm run site', 'npm run sight'))).toEqual(['sight']);
    expect(faultsOf(text.replace('contents: read', 'contents: write'))).toEqual(['permissions']);
  });

  it('publish the site only where a person starts them', () => {
    const text = workflows.find(({ name }) => name === 'site.yml')!.text;
    expect(text.match(/^on:\n((?: .*\n)+)/m)?.[1]).toBe('  workflow_dispatch:\n');
  });
});
