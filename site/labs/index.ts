/** @file Lists the labs, and writes their pages. */
import { escaped, link } from '../html.ts';
import type { Page } from '../layout.ts';
import { breakLab } from './break/lab.ts';
import { denseStatesLab } from './dense-states.ts';
import { modesLab } from './modes.ts';
import { type Lab, labMain, type WorkerLab } from './shared/lab.ts';
import { tolerancesLab } from './tolerances.ts';
import { trainLab } from './train/lab.ts';

/** All labs, in the order of the pages' navigation. Those with a view are the `lab` of a file here, which has their `controls` too. */
export const labs: readonly (Lab | WorkerLab)[] = [modesLab, denseStatesLab, breakLab, tolerancesLab, trainLab];

const pageOf = (lab: Lab | WorkerLab): Page => ({
  path: `lab/${lab.name}.html`,
  title: `${lab.title} · densessm`,
  description: lab.description,
  scripts: ['script' in lab ? lab.script : 'assets/lab.js'],
  main: labMain(lab, labs),
});

const listPage = (): Page => ({
  path: 'lab/index.html',
  title: 'Labs · densessm',
  description:
    'Pages that compute in front of you: the equations with numbers of your own, and their state in the address.',
  main: `<h1>Labs</h1>
<p class="lead">One screen each, computed in the page by the engine that the tests try. All that you set is in the address: share the link, and others see the same.</p>
<ul class="cards">${labs.map(({ name, title, description }) => `<li>${link(`${name}.html`, escaped(title))}<p>${escaped(description)}</p></li>`).join('\n')}</ul>`,
});

/** The list of labs, and a page for each. */
export const labPages = (): Page[] => [listPage(), ...labs.map(pageOf)];
