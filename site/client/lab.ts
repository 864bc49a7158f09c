/** @file Runs the lab of a page: draws it anew at each change of a control, and keeps the controls in the address. */
import { stateFrom } from '../labs/shared/controls.ts';
import type { Lab } from '../labs/shared/lab.ts';
import { fillControls, followLinks, queryIn } from './controls.ts';

/** The modules of labs; a page loads its own. */
const modules = import.meta.glob<{ readonly lab: Lab }>(['../labs/*.ts', '!../labs/index.ts']);

const root = document.querySelector<HTMLElement>('.lab')!;
const { lab } = await modules[`../labs/${root.dataset.lab}.ts`]!();
const form = root.querySelector('form')!;
const says = root.querySelector('.says')!;
const figure = root.querySelector('.figure')!;

/** Shows the state of the address. */
function draw(): void {
  const state = stateFrom(lab.controls, location.search);
  fillControls(form, lab.controls, state);
  const view = lab.view(state);
  says.innerHTML = view.says;
  figure.innerHTML = view.figure;
}

/** Whether a drawing waits for the next frame: sliders report more changes than a screen shows. */
let waits = false;
function drawSoon(): void {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => {
    waits = false;
    draw();
  });
}

form.addEventListener('input', () => {
  history.replaceState(null, '', queryIn(form, lab.controls));
  drawSoon();
});
form.addEventListener('submit', (event) => event.preventDefault());
followLinks(root, draw);
form.querySelector('fieldset')!.disabled = false;
draw();
form.dataset.live = '';
