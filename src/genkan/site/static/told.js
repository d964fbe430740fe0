// Asks what phones ask, as they do: without cookies, through the public address, from where this browser is. The server
// cannot see what a gateway in front of it answers to strangers; this browser can.
"use strict";

for (const box of document.querySelectorAll("[data-asks]")) {
  const show = (name) => {
    for (const words of box.querySelectorAll("[data-found]")) {
      words.hidden = !words.dataset.found.split(" ").includes(name);
    }
    if (name === "other") box.querySelector("details").open = true;
  };
  const ask = async () => {
    show("asking");
    try {
      const answer = await fetch(box.dataset.asks, { credentials: "omit", redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect") return show("redirected");
      const body = await answer.text();
      box.querySelector("[data-status]").textContent = answer.status;
      box.querySelector("[data-body]").textContent = body.slice(0, 2000);
      show(answer.ok ? (same(body, box.querySelector("[data-told]").textContent) ? "same" : "other") : "status");
    } catch {
      show("unreachable");
    }
  };
  const button = box.querySelector("button[data-again]");
  button.hidden = false;
  button.addEventListener("click", ask);
  ask();
}

function same(body, told) {
  try {
    return JSON.stringify(JSON.parse(body)) === JSON.stringify(JSON.parse(told));
  } catch {
    return false;
  }
}
