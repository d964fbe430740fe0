// Passkeys: asks the site for a challenge, the browser for an answer, and sends the answer as a form. What went wrong is
// said by the sentences of the page.
"use strict";

// The site takes an answer within five minutes; a page that stands longer asks for a new challenge before that.
const RENEW_MS = 4 * 60 * 1000;
const able = typeof PublicKeyCredential === "function" && isSecureContext && "credentials" in navigator;

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};
const toText = (bytes) => {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
const listed = (list) => list.map((one) => ({ ...one, id: toBytes(one.id) }));

function asked({ publicKey }, hints) {
  const made = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (hints) made.hints = hints.split(" ");
  if (made.user) made.user = { ...made.user, id: toBytes(made.user.id) };
  for (const name of ["allowCredentials", "excludeCredentials"]) if (made[name]) made[name] = listed(made[name]);
  return made;
}

function answered(credential) {
  const { response } = credential;
  const told = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) {
    told.attestationObject = toText(response.attestationObject);
    told.transports = response.getTransports?.() ?? [];
  } else {
    told.authenticatorData = toText(response.authenticatorData);
    told.signature = toText(response.signature);
    told.userHandle = response.userHandle ? toText(response.userHandle) : null;
  }
  const { credProps } = credential.getClientExtensionResults();
  const clientExtensionResults = credProps ? { credProps } : {};
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: toText(credential.rawId), type, response: told, clientExtensionResults });
}

function hidden(name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  return field;
}

class Box {
  constructor(box) {
    this.box = box;
    this.given = null;
    this.waiting = null;
    this.busy = false;
    this.sent = false;
  }

  // A page that the way has led past asks to be shown again: it leads on to the question whether it is still oneself.
  async fetch(address) {
    const reply = await fetch(address, { redirect: "manual", cache: "no-store" });
    if (reply.type === "opaqueredirect") location.reload();
    if (!reply.ok) throw new DOMException("no challenge", "options");
    return reply.json();
  }

  async renew() {
    this.given = null;
    this.given = await this.fetch(this.box.dataset.options);
  }

  // One ceremony at a time: the one before is broken off, and what it says then is nobody's concern.
  begin() {
    this.waiting?.abort();
    this.waiting = new AbortController();
    return this.waiting;
  }

  say(name) {
    const words = [...this.box.querySelectorAll("[data-when]")];
    const fit = words.find((one) => one.dataset.when.split(" ").includes(name)) ?? words.at(-1);
    for (const one of words) one.hidden = one !== fit || name === null;
  }

  send(given, credential) {
    const form = this.box.matches("form") ? this.box : this.made();
    form.append(hidden("ticket", given.ticket), hidden("credential", answered(credential)));
    this.sent = true;
    // What else the form asks for has been looked at before the browser was asked.
    form.noValidate = true;
    form.requestSubmit();
  }

  made() {
    const form = document.createElement("form");
    form.method = "post";
    form.action = this.box.dataset.action;
    form.hidden = true;
    const carried = JSON.parse(this.box.dataset.carried);
    form.append(...Object.entries(carried).map(([name, value]) => hidden(name, value)));
    this.box.append(form);
    return form;
  }

  async attempt(work) {
    const mine = this.begin();
    this.say(null);
    this.busy = true;
    try {
      await work(mine.signal);
    } catch (error) {
      if (this.waiting !== mine) return;
      this.say(error.name);
      this.waiting = null;
      this.busy = false;
      this.again();
    }
  }

  again() {
    this.renew().then(() => this.rest(), () => {});
  }

  rest() {}
}

class Use extends Box {
  async start(button) {
    await this.attempt(async (signal) => {
      const { from, hints } = button.dataset;
      const given = from ? await this.fetch(from) : (this.given ?? (await this.fetch(this.box.dataset.options)));
      this.send(given, await navigator.credentials.get({ publicKey: asked(given, hints), signal }));
    });
  }

  // The browser offers passkeys where the user name is typed. It waits for as long as the page stands.
  async rest() {
    if (this.waiting || !document.querySelector('input[autocomplete~="webauthn"]')) return;
    if (!(await fills()) || this.waiting) return;
    const { given } = this;
    const mine = this.begin();
    try {
      const publicKey = asked(given);
      const credential = await navigator.credentials.get({ publicKey, mediation: "conditional", signal: mine.signal });
      this.send(given, credential);
    } catch {
      if (this.waiting === mine) this.waiting = null;
    }
  }
}

class Make extends Box {
  async start(button) {
    // What is typed beside it must do first: the passkey is made under that name. A password is not asked for then.
    const passwords = [...this.box.querySelectorAll('[autocomplete="new-password"]')];
    for (const field of passwords) field.disabled = true;
    if (this.box.reportValidity()) await this.make(button);
    for (const field of passwords) field.disabled = this.sent;
  }

  async make(button) {
    await this.attempt(async (signal) => {
      const given = this.given ?? (await this.fetch(this.box.dataset.options));
      const publicKey = asked(given, button.dataset.hints);
      const name = this.box.querySelector("[data-names]");
      if (name) {
        publicKey.user.name = name.value;
        publicKey.user.displayName = this.box.querySelector("[data-displays]")?.value || name.value;
      }
      this.send(given, await navigator.credentials.create({ publicKey, signal }));
    });
  }
}

async function fills() {
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false;
}

async function related() {
  const capabilities = await PublicKeyCredential.getClientCapabilities?.();
  return capabilities?.relatedOrigins ?? false;
}

for (const element of document.querySelectorAll("[data-passkey]")) {
  for (const part of element.querySelectorAll(able ? "[data-able]" : "[data-unable]")) part.hidden = false;
  if (!able) continue;
  const box = element.dataset.passkey === "get" ? new Use(element) : new Make(element);
  // A page that takes no password has a field for this alone, of no use where the browser offers nothing in it.
  const field = element.querySelector("[data-autofill]");
  if (field) fills().then((does) => (field.hidden = !does));
  field?.addEventListener("keydown", ({ key }) => key === "Enter" && box.start(element.querySelector("[data-start]")));
  for (const button of element.querySelectorAll("[data-start]")) {
    button.addEventListener("click", () => box.start(button));
    if ("related" in button.dataset) related().then((is) => (button.hidden = !is));
  }
  box.again();
  setInterval(() => {
    // While the browser shows its own window the challenge stays.
    if (box.busy) return;
    box.waiting?.abort();
    box.waiting = null;
    box.again();
  }, RENEW_MS);
  addEventListener("pageshow", (event) => event.persisted && box.again());
}

// WebAuthn 5.1.10: browsers are told which passkeys there are, so that those that are gone leave their lists.
const signal = (name, told) => able && PublicKeyCredential[name]?.(told).catch(() => {});
for (const { dataset } of document.querySelectorAll("[data-unknown]")) {
  signal("signalUnknownCredential", { rpId: dataset.host, credentialId: dataset.unknown });
}
for (const { dataset } of document.querySelectorAll("[data-accepted]")) {
  const { host: rpId, person: userId, name, displays: displayName } = dataset;
  const allAcceptedCredentialIds = dataset.accepted.split(" ").filter(Boolean);
  signal("signalAllAcceptedCredentials", { rpId, userId, allAcceptedCredentialIds });
  signal("signalCurrentUserDetails", { rpId, userId, name, displayName });
}
