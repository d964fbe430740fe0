// Choosing many sign-ins at once; without it each is chosen by itself.
"use strict";

for (const form of document.querySelectorAll("form[data-choosing]")) {
  const all = form.querySelector("#choose-all");
  const boxes = [...form.querySelectorAll('input[type="checkbox"][name]')];
  if (!boxes.length) continue;
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  const look = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && !all.checked;
  };
  form.addEventListener("change", look);
  // A browser that comes back to the page has kept what was chosen.
  addEventListener("pageshow", look);
}
