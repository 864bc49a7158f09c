/** @file Runs the lab of modes: draws it anew at each change of a control, and keeps the controls in the address. */
import { labControls, labStateOf, labView } from '../modes-lab.ts';

const form = document.querySelector('form')!;
const view = document.querySelector('#lab')!;
const controlNamed = (name: string): HTMLInputElement => form.querySelector(`input[name="${name}"]`)!;

function draw(query: string): void {
  const state = labStateOf(query);
  for (const { name } of labControls) {
    const input = controlNamed(name);
    input.value = `${state[name]}`;
    input.previousElementSibling!.textContent = input.value;
  }
  view.innerHTML = labView(state);
}

form.addEventListener('input', () => {
  const query = `?${new URLSearchParams(labControls.map(({ name }) => [name, controlNamed(name).value]))}`;
  history.replaceState(null, '', query);
  draw(query);
});
form.addEventListener('submit', (event) => event.preventDefault());
draw(location.search);
form.dataset.live = '';
