/** The page of a new run: everything here is a help; without it the form works, a page at a time. */

import { markChanges, showVariants } from "./changes.js";
import { isChosenAnew, keepDraft, offerDraft } from "./draft.js";
import { jumpTo, placeProblems } from "./problems.js";
import { startSearch } from "./search.js";
import { startSweep } from "./sweep.js";

const form = document.querySelector(".run-form");

const refresh = () => {
  markChanges(form);
  startSearch(form);
  startSweep(form);
};

form.addEventListener("input", (event) => {
  showVariants(event.target);
  markChanges(form);
  keepDraft(form);
});
form.addEventListener("change", () => keepDraft(form));
form.addEventListener("click", (event) => {
  const link = event.target.closest("[data-jump], [data-line]");
  if (link && jumpTo(link)) event.preventDefault();
});

function followRecipe() {
  if (isChosenAnew(form)) window.htmx.trigger(form.querySelector("#id_recipe"), "change");
}

// A second click does not submit a second run; coming back to the page allows another one.
form.addEventListener("submit", (event) => {
  if (event.submitter?.formTarget === "_blank") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => delete form.dataset.sent);

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "run-aside") placeProblems(form);
  else {
    refresh();
    keepDraft(form);
  }
});

refresh();
if (!offerDraft(form)) document.addEventListener("htmx:load", followRecipe, { once: true });
document.getElementById("problems")?.focus();
