// The way back to the app, tried once without a tap. Where the browser wants a tap, the button does it; a page that is
// loaded again or come back to does not try, for its answer has been used.
"use strict";

const way = document.querySelector("a[data-return]");
const arrival = performance.getEntriesByType("navigation")[0];
if (way && (!arrival || arrival.type === "navigate")) location.assign(way.href);
