/** The editor of the catalogue: which variant's fields are shown, what departs from the last version, long pastes. */

import { markChanges, showVariants } from "./run-form/changes.js";

// Characters; a form may send 2.5 MB, a file more.
const LONGEST_TYPED = 500_000;

const form = document.querySelector(".catalogue-form");
const mark = () => form.hasAttribute("data-has-last") && markChanges(form);

/** What is too long for a field goes as a file. */
function moveToFile(field) {
  const input = form.querySelector("[type='file']");
  const files = new DataTransfer();
  files.items.add(new File([field.value], "pasted.txt", { type: "text/plain" }));
  input.files = files.files;
  field.value = "";
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

form.addEventListener("input", (event) => {
  if (event.target.id === "id_text" && event.target.value.length > LONGEST_TYPED) moveToFile(event.target);
  showVariants(event.target);
  mark();
});
document.addEventListener("htmx:afterSettle", mark);
mark();
