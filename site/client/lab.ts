/** @file Runs the lab of a page: draws it anew at each change of a control, and keeps the controls in the address. */
import { queryOf, shown, stateFrom } from '../labs/shared/controls.ts';
import type { Lab } from '../labs/shared/lab.ts';

/** The modules of labs; a page loads its own. */
const modules = import.meta.glob<{ readonly lab: Lab }>(['../labs/*.ts', '!../labs/index.ts']);

const root = document.querySelector<HTMLElement>('.lab')!;
const { lab } = await modules[`../labs/${root.dataset.lab}.ts`]!();
const form = root.querySelector('form')!;
const says = root.querySelector('.says')!;
const figure = root.querySelector('.figure')!;
const fieldNamed = (name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;

/** Shows the state of the address. */
function draw(): void {
  const state = stateFrom(lab.controls, location.search);
  for (const [name, control] of Object.entries(lab.controls)) {
    const field = fieldNamed(name);
    field.value = `${state[name]}`;
    if ('options' in control) continue;
    const text = shown(control, Number(field.value));
    field.previousElementSibling!.textContent = text;
    field.setAttribute('aria-valuetext', text);
  }
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
  const state = Object.fromEntries(Object.keys(lab.controls).map((name) => [name, fieldNamed(name).value]));
  history.replaceState(null, '', queryOf(lab.controls, state));
  drawSoon();
});
form.addEventListener('submit', (event) => event.preventDefault());
// a link to a state is drawn without loading the page again; a new tab, or a link with a modifier key, loads it
root.addEventListener('click', (event) => {
  const link = (event.target as Element).closest('a');
  if (!link?.getAttribute('href')?.startsWith('?') || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  draw();
});
window.addEventListener('popstate', draw);
form.querySelector('fieldset')!.disabled = false;
draw();
form.dataset.live = '';
