/** @file A page says what is kept for use without a network, and offers another try where the network was lost on the way. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it, vi } from 'vitest';
import { root } from '../support/root.ts';

const scope = 'https://host/';
const files = { 'index.html': 1e6, 'spec/index.html': 2e6 };

type Listener = (event: object) => void;

/** The service worker of the site. Returns what gives it a message of a page. */
function startWorker(fetch: (file: string) => Promise<object>, postMessage: (answer: object) => void) {
  const kept = new Map<string, object>();
  const cache = {
    put: async (file: string, answer: object) => kept.set(scope + file, answer),
    keys: async () => [...kept.keys()].map((url) => ({ url })),
  };
  const listeners: Record<string, Listener> = {};
  const addEventListener = (name: string, listener: Listener): void => {
    listeners[name] = listener;
  };
  const self = { registration: { scope }, addEventListener };
  const caches = { open: async () => cache, keys: async () => [] };
  const program = readFileSync(join(root, 'site/client/offline-worker.js'), 'utf8');
  runInNewContext(program, { self, caches, fetch, files, version: 'densessm-1' });
  const waitUntil = (work: Promise<void>): void => void work.catch(() => {});
  return (data: object): void => listeners.message!({ data, source: { postMessage }, waitUntil });
}

/** An element of a page, as far as the program asks for it. */
class Element {
  textContent = '';
  child: Element | undefined;
  click: (() => void) | undefined;
  readonly setAttribute = (): void => {};
  readonly append = (): void => {};
  readonly addEventListener = (_: string, listener: () => void): void => {
    this.click = listener;
  };
  readonly replaceChildren = (child: Element): void => {
    this.textContent = '';
    this.child = child;
  };
}

afterEach(() => vi.unstubAllGlobals());

it('asks again after a fetch that failed, and keeps the rest on another click', async () => {
  let isLost = true;
  let hear: Listener = () => {};
  const send = startWorker(
    async (file) => {
      if (isLost && file !== 'index.html') throw new TypeError('Failed to fetch');
      return { ok: true, redirected: false };
    },
    (data) => hear({ data }),
  );
  const elements: Element[] = [];
  const createElement = (): Element => {
    const made = new Element();
    elements.push(made);
    return made;
  };
  vi.stubGlobal('window', { isSecureContext: true });
  vi.stubGlobal('location', { href: scope });
  vi.stubGlobal('document', { readyState: 'complete', createElement, querySelector: () => new Element() });
  vi.stubGlobal('navigator', {
    connection: { saveData: true },
    serviceWorker: {
      ready: Promise.resolve({ active: { postMessage: send } }),
      register: async () => {},
      addEventListener: (_: string, listener: Listener) => {
        hear = listener;
      },
    },
  });
  // by a path that is no literal: its types are those of a page
  await import(/* @vite-ignore */ join(root, 'site/client/offline.ts'));
  const [status] = elements as [Element];
  const wish = 'Keep this site for use without a network (2.0 MB)';
  await vi.waitFor(() => expect(status.child?.textContent).toBe(wish));
  const first = status.child!;
  first.click!();
  expect(status.textContent).toBe('Loading …');
  await vi.waitFor(() => expect(status.child).not.toBe(first));
  expect([status.textContent, status.child!.textContent]).toEqual(['', wish]);
  isLost = false;
  status.child!.click!();
  await vi.waitFor(() => expect(status.textContent).toBe('This site is kept for use without a network.'));
});
