/** @file Runs the lab of a page: keeps the controls in the address, and has a worker compute what they show. */
import { type Controls, stateFrom } from '../labs/shared/controls.ts';
import { fillControls, followLinks, offerLink, queryIn, redraw } from './controls.ts';
import type { LabAnswer, LabQuestion } from './lab-worker.ts';

/** The controls of labs; a page loads its own. */
const modules = import.meta.glob<Controls>(['../labs/*.ts', '!../labs/index.ts'], { import: 'controls' });

const root = document.querySelector<HTMLElement>('.lab')!;
const lab = root.dataset.lab!;
const controls = await modules[`../labs/${lab}.ts`]!();
const form = root.querySelector('form')!;
const says = root.querySelector('.says')!;
const figure = root.querySelector('.figure')!;
const worker = new Worker(new URL('./lab-worker.ts', import.meta.url), { type: 'module' });

/** Whether the worker computes: it has one question at a time, and then the newest. */
let isAsked = false;

/** Shows the state of the address: the controls at once, the figure when it is computed. */
function draw(): void {
  fillControls(form, controls, stateFrom(controls, location.search));
  form.dataset.live = 'working';
  if (isAsked) return;
  isAsked = true;
  worker.postMessage({ lab, query: location.search } satisfies LabQuestion);
}

const showFailure = (message: string): void => {
  says.textContent = `This could not be computed: ${message}`;
};

worker.onerror = ({ message }) => showFailure(message || 'the code of this lab was not loaded; reload the page');
worker.onmessage = ({ data }: { readonly data: LabAnswer }) => {
  isAsked = false;
  if ('message' in data) showFailure(data.message);
  else {
    // a link in the figure that was followed by the keyboard keeps the focus
    const link = figure.contains(document.activeElement) && document.activeElement!.getAttribute('href');
    says.innerHTML = data.view.says;
    redraw(figure, data.view.figure);
    if (link) figure.querySelector<HTMLElement>(`[href="${CSS.escape(link)}"]`)?.focus();
  }
  if (data.query !== location.search) draw();
  else form.dataset.live = '';
};

form.addEventListener('input', () => {
  history.replaceState(null, '', queryIn(form, controls));
  draw();
});
form.addEventListener('submit', (event) => event.preventDefault());
followLinks(root, draw);
offerLink(root, () => queryIn(form, controls));
form.querySelector('fieldset')!.disabled = false;
draw();
