// Compares the address that this browser sees with the one that the site is set to. A proxy can hide from the server what
// the browser sees; the browser knows. Everything is said by the page already; this shows which of it holds.
"use strict";

for (const check of document.querySelectorAll("[data-base-url]")) {
  const { baseUrl, below } = check.dataset;
  const path = location.pathname;
  const seen = location.origin + (path.endsWith(below) ? path.slice(0, -below.length) : "");
  const right = seen === baseUrl;
  check.querySelector("[data-unsure]").hidden = true;
  check.querySelector(right ? "[data-right]" : "[data-wrong]").hidden = false;
  for (const place of check.querySelectorAll("[data-seen]")) place.textContent = seen;
  for (const line of check.querySelectorAll("textarea")) line.value = `GENKAN_BASE_URL=${seen}`;
}
