/** @file Connects the controls of a lab's page with the state in its address. */
import { type Controls, queryOf, type State, shown } from '../labs/shared/controls.ts';

const fieldNamed = (form: HTMLFormElement, name: string) =>
  form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;

/** Shows a state in the fields of a form. */
export function fillControls(form: HTMLFormElement, controls: Controls, state: State): void {
  for (const [name, control] of Object.entries(controls)) {
    const field = fieldNamed(form, name);
    field.value = `${state[name]}`;
    if ('options' in control) continue;
    const text = shown(control, Number(field.value));
    field.previousElementSibling!.textContent = text;
    field.setAttribute('aria-valuetext', text);
  }
}

/** The query of what a form's fields have. */
export const queryIn = (form: HTMLFormElement, controls: Controls): string =>
  queryOf(controls, Object.fromEntries(Object.keys(controls).map((name) => [name, fieldNamed(form, name).value])));

/** Draws a link to a state without loading the page again. A new tab, or a link with a modifier key, loads it. */
export function followLinks(root: HTMLElement, draw: () => void): void {
  root.addEventListener('click', (event) => {
    const link = (event.target as Element).closest('a');
    if (!link?.getAttribute('href')?.startsWith('?') || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    draw();
  });
  window.addEventListener('popstate', draw);
}
