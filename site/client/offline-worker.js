/**
 * @file Keeps the site for use without a network: a service worker. The build writes `files`, the bytes of each by its path, and `version`
 * before these lines.
 */
/* global files, version */

/** The file of the site that an address names; undefined if it names none. The address of a folder names its start page. */
function fileOf(address) {
  const { scope } = self.registration;
  const [path] = address.split(/[?#]/);
  if (!path.startsWith(scope)) return undefined;
  const file = path.slice(scope.length).replace(/^$|\/$/, '$&index.html');
  return Object.hasOwn(files, file) ? file : undefined;
}

/** Keeps an answer of the host. One that a host redirects to cannot be given for a page. */
async function keep(file, answer) {
  if (answer.ok && !answer.redirected) await (await caches.open(version)).put(file, answer);
}

/** The files that are not kept yet. */
async function missing() {
  const cache = await caches.open(version);
  const kept = new Set((await cache.keys()).map(({ url }) => fileOf(url)));
  return Object.keys(files).filter((file) => !kept.has(file));
}

/** Keeps files, one after another: the page that is read goes first. */
async function keepAll(wanted) {
  const isMissing = new Set(await missing());
  // what the browser itself has kept may be of an older version
  for (const file of wanted) if (isMissing.has(file)) await keep(file, await fetch(file, { cache: 'no-cache' }));
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

/** A page asks to keep what it has loaded, or everything; the answer is how many bytes are still missing. */
self.addEventListener('message', (event) => {
  const { addresses } = event.data;
  const work = async () => {
    try {
      await keepAll(addresses?.map(fileOf) ?? Object.keys(files));
    } finally {
      // the page waits for an answer, whether the network lasted or not
      const rest = await missing();
      // an older version stands in for what is missing
      if (rest.length === 0)
        for (const name of await caches.keys())
          if (name.startsWith('densessm-') && name !== version) await caches.delete(name);
      event.source.postMessage({ missing: rest.reduce((sum, file) => sum + files[file], 0) });
    }
  };
  event.waitUntil(work());
});

/** The network first, so that a reader has the newest page; what is kept where there is none. */
async function answered(event, file) {
  try {
    const answer = await fetch(event.request);
    event.waitUntil(keep(file, answer.clone()));
    return answer;
  } catch (error) {
    // hosts may say that a file varies with the request's origin, which ours do not
    const anyhow = { ignoreVary: true };
    const found = (await (await caches.open(version)).match(file, anyhow)) ?? (await caches.match(file, anyhow));
    if (found === undefined) throw error;
    return found;
  }
}

self.addEventListener('fetch', (event) => {
  const file = event.request.method === 'GET' ? fileOf(event.request.url) : undefined;
  if (file !== undefined) event.respondWith(answered(event, file));
});
