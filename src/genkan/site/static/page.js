// Comforts of the pages; every one of them works without. Nothing here reads or keeps what is typed.
"use strict";

// A form is sent once, however often the button is pressed. The answer may leave this page standing (an app opens in
// front of it), so after a while the button works again and the page says what to do.
const FORM_REST_MS = 4000;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-sent")) {
    event.preventDefault();
    return;
  }
  form.setAttribute("data-sent", "");
  setTimeout(() => rest(form), FORM_REST_MS);
});

function rest(form) {
  form.removeAttribute("data-sent");
  for (const words of form.querySelectorAll("[data-after-sending]")) words.hidden = false;
}

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
});

// A browser brings the line of a text area into view that is written in, and may leave the rest of it below the edge.
document.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea")) event.target.scrollIntoView({ block: "nearest" });
});

// Buttons that need a script appear with it. data-copy and data-reveal name the field they work on.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    say(button, (await copied(field.value)) ? button.dataset.copied : button.dataset.selected);
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http and old browsers have no clipboard; the address stays selected for copying by hand.
    return false;
  }
}

for (const button of document.querySelectorAll("button[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    say(button, shown ? button.dataset.hidden : button.dataset.shown);
  });
  // A password that is shown must not be kept by the browser as text typed into a field.
  field.form.addEventListener("submit", () => (field.type = "password"));
}

function say(button, word) {
  button.querySelector("[data-word]").textContent = word;
}

// What is said below a field while one types in it: the field itself says whether it is a fault.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  const told = event.detail.target;
  const field = document.querySelector(`input[aria-describedby~="${CSS.escape(told.id)}"]`);
  if (field === null) return;
  if (told.querySelector(".fault") === null) field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
});

// After a mistake one goes on where it is, or at the sentence about it. A page that puts the focus on a field which is
// marked itself knows better.
const own = document.querySelector("[autofocus]");
if (own === null) document.querySelector('[aria-invalid="true"], #error')?.focus();
else if (!own.matches('[aria-invalid="true"]')) document.querySelector('[aria-invalid="true"]')?.focus();

// What was done is said once: not again when the page is loaded anew, kept or handed on.
const address = new URL(location.href);
if (address.searchParams.has("done")) {
  address.searchParams.delete("done");
  history.replaceState(history.state, "", address);
}

// Times in the reader's own words, in the zone that their account names or else the browser's; the server's text stays
// as the tooltip.
const timeZone = document.documentElement.dataset.zone;
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.getTime())) {
    time.title = time.textContent;
    time.textContent = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", timeZone });
  }
}
