/** @file Keeps the site for use without a network: a service worker. The build writes `files` and `version` before these lines. */
/* global files, version */

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.addAll(files))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('densessm-') && name !== version);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// hosts may say that a file varies with the request's origin, which ours do not
const anyhow = { ignoreSearch: true, ignoreVary: true };

// the network first, so that a reader has the newest page; what is kept where there is none
self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  event.respondWith(fetch(event.request).catch(() => caches.match(event.request, anyhow)));
});
