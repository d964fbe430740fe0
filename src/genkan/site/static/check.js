// Finds out what this browser can do and hands it to the page's own form; and notices whether the page was left for the
// app. What is sent are words of lists, a few numbers, and nothing that anybody typed.
"use strict";

// Longer than any of these takes; a phone on a bad network tells the rest.
const PATIENCE_MS = 8000;
const NO = Symbol("no answer");

const within = (promise) =>
  Promise.race([promise, new Promise((done) => setTimeout(done, PATIENCE_MS, NO))]).catch(() => NO);

// As the app asks it: without cookies, following nothing.
async function firstQuestion(address) {
  const reply = await within(fetch(address, { credentials: "omit", redirect: "manual", cache: "no-store" }));
  if (reply === NO) return { info: "unreachable" };
  if (reply.type === "opaqueredirect") return { info: "redirected" };
  if (!reply.ok) return { info: "status", status: reply.status };
  const told = await within(reply.json());
  if (told === NO || typeof told !== "object" || told === null || typeof told.oauth !== "object") return { info: "other" };
  return { info: told.oauth?.enabled ? "announced" : "off" };
}

async function abilities() {
  if (!isSecureContext) return { passkeys: "insecure", autofill: "no" };
  if (typeof PublicKeyCredential !== "function") return { passkeys: "none", autofill: "no" };
  const lock = await within(PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable());
  const offered = await within(Promise.resolve(PublicKeyCredential.isConditionalMediationAvailable?.() ?? false));
  return { passkeys: lock === true ? "platform" : "no-lock", autofill: offered === true ? "yes" : "no" };
}

// A cookie of the script's own: where the site's does not come back, this tells on which way it was lost.
function ownCookie({ cookie, path }) {
  document.cookie = `${cookie}=1; path=${path}; max-age=60; samesite=lax`;
  return { own: document.cookie.includes(`${cookie}=1`) ? 1 : 0 };
}

function arrived() {
  const [arrival] = performance.getEntriesByType("navigation");
  return { protocol: arrival?.nextHopProtocol ?? "", secure: location.protocol === "https:" ? 1 : 0 };
}

async function found(form) {
  const touch = { touch: navigator.maxTouchPoints > 1 ? 1 : 0 };
  const asked = await Promise.all([firstQuestion(form.dataset.info), abilities()]);
  return Object.assign({ script: 1 }, touch, arrived(), ownCookie(form.dataset), ...asked, { clock: Date.now() });
}

for (const form of document.querySelectorAll("form[data-phone-check]")) {
  const fill = async () => {
    form.querySelector("[data-after-start]").hidden = false;
    const told = await found(form);
    for (const [name, value] of Object.entries(told)) {
      form.querySelector(`input[name="${name}"]`)?.remove();
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    form.submit();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fill().catch(() => form.submit());
  });
}

// Whether an app came in front is seen by the page being hidden soon after the tap; later it may be anything. When the
// page is back it shows the rest.
const SOON_MS = 20_000;

for (const way of document.querySelectorAll("a[data-opens-app]")) {
  const say = (app) =>
    fetch(way.dataset.opensApp, { method: "POST", body: new URLSearchParams({ app }), keepalive: true, redirect: "manual" });
  let asked = null;
  way.addEventListener("click", () => {
    asked = performance.now();
    say("asked");
  });
  document.addEventListener("visibilitychange", () => {
    if (asked === null) return;
    if (document.visibilityState !== "hidden") location.replace(way.dataset.then);
    else if (performance.now() - asked < SOON_MS) say("left");
  });
}
