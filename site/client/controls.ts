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

/** Turns on the button that copies the address of a page, which then has every setting of the state. */
export function offerLink(root: HTMLElement, query: () => string): void {
  const button = root.querySelector<HTMLButtonElement>('.copy')!;
  const text = button.textContent;
  button.disabled = false;
  button.addEventListener('click', async () => {
    history.replaceState(null, '', query());
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = 'Copied';
    } catch {
      // no clipboard: an old browser, or a page that is not served by https
      button.textContent = 'Copy it from the address bar';
    }
    setTimeout(() => {
      button.textContent = text;
    }, 3000);
  });
}

/** Replaces a part of a page. Tables in it stay where they were scrolled to, or move to the column that is current. */
export function redraw(part: Element, html: string): void {
  const tables = () => [...part.querySelectorAll<HTMLElement>('.table')];
  const before = tables().map(({ scrollLeft }) => scrollLeft);
  part.innerHTML = html;
  for (const [i, table] of tables().entries()) {
    table.scrollLeft = before[i] ?? 0;
    const cell = table.querySelector<HTMLElement>('[aria-current]')?.closest<HTMLElement>('th, td');
    if (!cell) continue;
    // the names of rows stand over the left end of what is scrolled
    const names = (cell.parentElement as HTMLTableRowElement).cells[0]!.offsetWidth;
    const [least, most] = [cell.offsetLeft + cell.offsetWidth - table.clientWidth, cell.offsetLeft - names];
    table.scrollLeft = Math.min(Math.max(table.scrollLeft, least), Math.max(0, most));
  }
}

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
