/** @file Registers the service worker, where the page's host allows one. */
if (window.isSecureContext)
  void navigator.serviceWorker?.register(new URL(/* @vite-ignore */ '../offline.js', import.meta.url));
