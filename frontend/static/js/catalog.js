/** The editor of the catalogue: which variant's fields are shown, and what departs from the last version. */

import { markChanges, showVariants } from "./run-form/changes.js";

const form = document.querySelector(".catalogue-form");
const mark = () => form.hasAttribute("data-has-last") && markChanges(form);

form.addEventListener("input", (event) => {
  showVariants(event.target);
  mark();
});
document.addEventListener("htmx:afterSettle", mark);
mark();
