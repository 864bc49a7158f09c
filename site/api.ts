/** @file Writes the API reference: a page for each module, with every declaration as it is written and its comment. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { equations } from '../spec/registry.ts';
import { amount } from '../src/io/text.ts';
import { root } from '../test/support/root.ts';
import { addressOf, fileAddress } from './chapters.ts';
import type { Renderers } from './equation.ts';
import { escaped, link, prose, relativeTo } from './html.ts';
import type { Page } from './layout.ts';

/** Where a declaration is described. */
export interface Place {
  /** As users import it: densessm/nn. */
  readonly module: string;
  readonly name: string;
  readonly anchor: string;
  /** Whether the module exports it. Other types are described because an exported declaration names them. */
  readonly exported: boolean;
}

/** A function, constant or type of the package. */
export interface Declaration extends Place {
  readonly kind: 'function' | 'constant' | 'class' | 'interface' | 'type';
  readonly file: string;
  readonly line: number;
  /** As it is written, without its body. */
  readonly code: string;
  /** Its comment. */
  readonly text: string;
  readonly tags: readonly { readonly tag: string; readonly name?: string; readonly text: string }[];
  /** The types that it names. */
  readonly types: Readonly<Record<string, Place>>;
}

/** A module that users import. */
export interface Module {
  readonly name: string;
  readonly file: string;
  readonly about: string;
  readonly declarations: readonly Declaration[];
  /** What it exports too, and another module describes. */
  readonly elsewhere: readonly Place[];
}

/** Reads the declarations of the package, with the compiler of tools/api. */
export const modulesOfPackage = (): Module[] =>
  JSON.parse(
    execFileSync(process.execPath, [join(root, 'tools/api/declarations.js')], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );

const pageOf = (module: string): string => `api/${module.split('/').at(-1)}.html`;

/** The address of a declaration, from the site's root. */
export const apiAddress = ({ module, anchor }: Pick<Place, 'module' | 'anchor'>): string =>
  `${pageOf(module)}#${anchor}`;

const fromApi = (place: Place): string => relativeTo('api/', apiAddress(place));

/** Replaces `{@link NAME}` by a link to the declaration of that name, in the same module if there is one. */
const linksIn = (html: string, module: string, places: readonly Place[]): string =>
  html.replace(/\{@link\s+(\w+)\s*\}/g, (_, name: string) => {
    const all = places.filter((one) => one.name === name);
    const place = all.find((one) => one.module === module) ?? all[0];
    const code = `<code>${name}</code>`;
    return place === undefined ? code : link(fromApi(place), code);
  });

/** The headings of a module's page, with the declarations below each. */
const groups: readonly [string, string, (one: Declaration) => boolean][] = [
  ['functions', 'Functions', ({ kind, exported }) => exported && kind === 'function'],
  ['constants', 'Constants', ({ kind, exported }) => exported && kind === 'constant'],
  ['types', 'Types', ({ kind, exported }) => exported && kind !== 'function' && kind !== 'constant'],
  ['named', 'Types that these name, not exported', ({ exported }) => !exported],
];

/** The API reference of modules: a page for each, and a list. `pages` are the addresses of the site's other pages. */
export function apiPages(
  modules: readonly Module[],
  { code, markdown }: Renderers,
  pages: ReadonlySet<string>,
): Page[] {
  const places = modules.flatMap(({ declarations }) => declarations);
  const source = ({ file, line }: Declaration): string => {
    const text = `<code>${file}:${line}</code>`;
    return pages.has(fileAddress(file)) ? link(relativeTo('api/', fileAddress(file)), text) : text;
  };
  const entry = (one: Declaration): string => {
    const own = equations.filter(
      ({ chapter, definition }) => one.file === `spec/${chapter}` && definition.name === one.name,
    );
    const examples = one.tags.filter(({ tag }) => tag === 'example');
    const others = one.tags.filter(({ tag }) => tag !== 'example' && tag !== 'file');
    const chapter = own.map((equation) => link(relativeTo('api/', addressOf(equation)), `Eq. ${equation.number}`));
    const linked = (word: string): string | undefined => {
      const place = word === one.name ? undefined : one.types[word];
      return place && link(fromApi(place), word);
    };
    return `<section class="entry"><h3 id="${one.anchor}"><a class="name" href="#${one.anchor}">${one.name}</a> <span class="kind">${one.kind}</span></h3>
${code(one.code.replace(/^export /gm, ''), 'typescript', linked)}
${linksIn(markdown(one.text), one.module, places)}
${others.map(({ tag, name, text }) => `<p><code>${escaped([`@${tag}`, name].join(' ').trim())}</code> ${prose(text)}</p>`).join('\n')}
${examples.map(({ text }) => code(text, 'typescript')).join('\n')}
<p class="origin">${[...chapter, source(one)].join(' · ')}</p></section>`;
  };
  const names = (all: readonly Place[]): string =>
    `<ul class="names">${all.map((one) => `<li>${link(fromApi(one), `<code>${one.name}</code>`)}</li>`).join('\n')}</ul>`;
  const sorted = (all: readonly Declaration[]): Declaration[] =>
    [...all].sort((a, b) => a.name.localeCompare(b.name, 'en'));

  const modulePage = ({ name, file, about, declarations, elsewhere }: Module): Page => {
    const parts = groups
      .map(([anchor, title, isIn]) => ({ anchor: `--${anchor}`, title, own: sorted(declarations.filter(isIn)) }))
      .filter(({ own }) => own.length > 0);
    return {
      path: pageOf(name),
      title: `${name} API · densessm`,
      description: `API of ${name}: signatures, shapes, errors and examples.`,
      source: file,
      main: `<article class="api"><h1><code>${name}</code></h1>
<p class="lead">${prose(about)}</p>
${parts.map(({ anchor, title, own }) => `<details class="contents"${own.length > 60 || anchor === '--named' ? '' : ' open'}><summary>${title} (${own.length})</summary>${names(own)}</details>`).join('\n')}
${elsewhere.length === 0 ? '' : `<p>Also exports ${elsewhere.map((one) => link(fromApi(one), `<code>${one.name}</code>`)).join(', ')}.</p>`}
${parts.map(({ anchor, title, own }) => `<h2 id="${anchor}">${title}</h2>\n${own.map(entry).join('\n')}`).join('\n')}</article>`,
    };
  };
  const list = modules.map(
    ({ name, about, declarations }) =>
      `<dt>${link(relativeTo('api/', pageOf(name)), `<code>${name}</code>`)}</dt><dd>${prose(about)} <span class="kind">${amount(declarations.filter(({ exported }) => exported).length, 'name')}</span></dd>`,
  );
  return [
    {
      path: 'api/index.html',
      title: 'API · densessm',
      description: 'Every function and type that the package exports, with signature, shapes, errors and examples.',
      main: `<h1>API</h1>
<p class="lead">Every function and type that the package exports, as it is written, with its comment. Examples run as tests.</p>
<dl class="facts modules">${list.join('\n')}</dl>`,
    },
    ...modules.map(modulePage),
  ];
}
