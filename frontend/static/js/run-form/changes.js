/** Which variant's fields are shown, and what departs from the recipe. */

export function showVariants(control) {
  if (!control.matches("[data-variant-choice]")) return;
  for (const body of document.querySelectorAll(`[data-variant-of="${control.id}"]`))
    body.hidden = body.dataset.value !== control.value;
}

export function markChanges(form) {
  for (const knob of form.querySelectorAll("[data-knob]"))
    knob.classList.toggle("changed", [...knob.querySelectorAll("[data-recipe]")].some(departs));
  for (const section of form.querySelectorAll(".sections > details")) {
    const badge = section.querySelector("[data-changed-here]");
    const count = numChanged(section);
    badge.hidden = count === 0;
    badge.textContent = `${count} changed`;
  }
  const total = numChanged(form);
  const isForm = !form.querySelector("#id_yaml");
  for (const summary of form.querySelectorAll("[data-num-changed]"))
    summary.textContent = !isForm ? "" : total ? `${total} changed from the recipe` : "As the recipe has it";
}

/** Changes that count: those of variants that are not chosen do not. */
function numChanged(element) {
  return [...element.querySelectorAll("[data-knob].changed")].filter((knob) => !knob.closest("[data-variant-of][hidden]")).length;
}

function departs(control) {
  const value = control.type === "checkbox" ? (control.checked ? "on" : "") : control.value;
  return value.trim() !== control.dataset.recipe.trim();
}
