/** What was typed survives a reload: the tab remembers it, and the server draws the form from it again. */

const keyOf = (form) => `draft ${form.dataset.draft}`;

export function keepDraft(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string");
  sessionStorage.setItem(keyOf(form), JSON.stringify(fields));
}

/** Whether another recipe is chosen than the fields are of: before the page could listen, or kept over a reload. */
export function isChosenAnew(form) {
  return form.querySelector("#id_recipe").value !== form.querySelector("[name='shown_recipe']").value;
}

/**
 * Bring back what this tab has of the form, unless the page has come with what was typed already. Returns whether it
 * does.
 */
export function offerDraft(form) {
  // What is sent is a run now, or comes back with what is to be put right.
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formTarget !== "_blank") sessionStorage.removeItem(keyOf(form));
  });
  form.addEventListener("click", (event) => event.target.closest("[data-leave]") && sessionStorage.removeItem(keyOf(form)));
  if (document.getElementById("problems")) {
    keepDraft(form);
    return false;
  }
  const kept = sessionStorage.getItem(keyOf(form));
  if (!kept || new URLSearchParams(location.search).has("recipe")) return false;
  const fields = JSON.parse(kept);
  const recipe = fields.find(([name]) => name === "shown_recipe")?.[1];
  const select = form.querySelector("#id_recipe");
  if (isChosenAnew(form) && select.value !== recipe) return false;
  if (recipe) select.value = recipe;
  const values = {};
  for (const [name, value] of fields) (values[name] ??= []).push(value);
  // As the draft has it, and nothing of what the page shows.
  window.htmx.ajax("POST", form.getAttribute("action"), {
    source: document.body,
    target: "#run-fields",
    swap: "outerHTML",
    values: { ...values, restore: "draft" },
  });
  return true;
}
