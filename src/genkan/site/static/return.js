// The way back to the app, tried once without a tap. Where the browser wants a tap, the button does it; a page that is
// loaded again or come back to does not try, for its answer has been used.
"use strict";

// Only once the page stands: an attempt that leads nowhere would otherwise stop it from loading.
addEventListener("load", () => {
  const way = document.querySelector("a[data-return]");
  const [arrival] = performance.getEntriesByType("navigation");
  if (way && (!arrival || arrival.type === "navigate")) location.assign(way.href);
});
