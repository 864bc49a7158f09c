/** @file A lab: one screen with controls, whose state is in the address, and what is computed from them. */
import { link } from '../../html.ts';
import { type Controls, controlsForm, queryOf, type State, stateFrom } from './controls.ts';

/** What a lab shows in a state. */
export interface View {
  /** What is seen, in a sentence with numbers, as HTML; screen readers announce it at each change. */
  readonly says: string;
  /** The figure, as HTML. A link to `?…` in it sets a state. */
  readonly figure: string;
}

/** A state that shows something surprising, and what. */
export interface Suggestion<S> {
  readonly state: Partial<S>;
  readonly says: string;
}

/** What every lab has. All texts are HTML, with addresses as a page in lab/ has them. */
interface LabText<S> {
  /** The name of its page, and of its file or folder in site/labs. */
  readonly name: string;
  readonly title: string;
  /** The title in the list of labs. */
  readonly short: string;
  /** What it is about, without tags, for search engines and the list of labs. */
  readonly description: string;
  readonly lead: string;
  readonly controls: Controls;
  /** What one sees, in three to five sentences. */
  readonly about: string;
  readonly tries: readonly Suggestion<S>[];
}

/** A lab whose state alone says what it shows. */
export interface Lab<S extends State = State> extends LabText<S> {
  view(state: S): View;
}

/** A lab that is computed in workers, by a program of its own. */
export interface WorkerLab extends LabText<State> {
  readonly script: string;
  /** What the page would show, for readers without JavaScript. */
  readonly would: string;
}

const withoutScript =
  'The controls need JavaScript. With it, this page computes the figure anew at each change; without, it shows the state in which the lab opens.';

/** The state of a lab's query. */
export const labState = <S extends State>({ controls }: Lab<S>, query: string): S =>
  stateFrom(controls, query) as unknown as S;

/** The content of a lab's page, at its start: with JavaScript off, a reader sees one state and what the controls would do. */
export function labMain(lab: Lab | WorkerLab, all: readonly (Lab | WorkerLab)[]): string {
  const { says, figure } = 'view' in lab ? lab.view(labState(lab, '')) : { says: '', figure: '' };
  const others = all.map(
    ({ name, short }) =>
      `<li><a href="${name}.html"${name === lab.name ? ' aria-current="page"' : ''}>${short}</a></li>`,
  );
  const tries = lab.tries.map((one) => `<li>${link(queryOf(lab.controls, one.state), one.says)}</li>`);
  return `<nav class="labs" aria-label="Labs"><ul>${others.join('\n')}</ul></nav>
<div class="lab" data-lab="${lab.name}">
<h1>${lab.title}</h1>
<p class="lead">${lab.lead}</p>
${controlsForm(lab.controls)}
<noscript><p class="quiet">${'would' in lab ? lab.would : withoutScript}</p></noscript>
<div class="saying"><p class="says" role="status">${says}</p><button type="button" class="copy" aria-live="polite" disabled>Copy link</button></div>
<div class="figure">${figure}</div>
<div class="beside"><section><h2>What you see</h2><p>${lab.about}</p></section>
<section><h2>What to try</h2><ul class="tries">${tries.join('\n')}</ul></section></div>
</div>`;
}
