/**
 * @file Has a service worker keep the site for use without a network, where the page's host allows one: what was opened at once, and the
 * rest when the page has long been read; where data is dear, when the reader asks for it.
 */

/** How long a page is open before the rest is kept: what it does first must be done. */
const patience = 5000;

/** What browsers say of the connection; some say nothing. */
const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean; readonly type?: string } };
const isDear = connection?.saveData === true || connection?.type === 'cellular';

const status = document.createElement('p');
status.className = 'offline';
let isAsked = false;

/** Asks to keep what has these addresses; everything without them. */
async function keep(addresses?: readonly string[]): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  active!.postMessage({ addresses });
}

/** Asks once to keep everything: a file that the host does not give stays missing. */
function keepRest(): void {
  if (!isAsked) void keep();
  isAsked = true;
}

/** Says what is kept, or has the rest kept. */
function show({ missing }: { readonly missing: number }): void {
  if (missing === 0) {
    status.textContent = 'This site is kept for use without a network.';
  } else if (!isDear) {
    setTimeout(keepRest, patience);
  } else {
    // after a wish, what the network or the host did not give is missing: another click is another try
    const button = document.createElement('button');
    button.textContent = `Keep this site for use without a network (${(missing / 1e6).toFixed(1)} MB)`;
    button.addEventListener('click', () => {
      // announced, as the reader asked for it
      status.setAttribute('role', 'status');
      status.textContent = 'Loading …';
      void keep();
    });
    status.replaceChildren(button);
  }
}

async function start(): Promise<void> {
  await navigator.serviceWorker.register(new URL(/* @vite-ignore */ '../offline.js', import.meta.url));
  document.querySelector('footer')!.append(status);
  navigator.serviceWorker.addEventListener('message', ({ data }) => show(data));
  // what came before the worker was there
  const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
  await keep([location.href, ...loaded]);
}

if (window.isSecureContext && 'serviceWorker' in navigator) {
  if (document.readyState === 'complete') void start();
  else addEventListener('load', () => void start());
}
