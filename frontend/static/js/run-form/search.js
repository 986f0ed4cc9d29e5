/** A search over the knobs: by name, help and value. Fields that do not match are hidden while it lasts. */

export function startSearch(form) {
  const input = form.querySelector("#knob-search");
  if (!input || input.dataset.started) return;
  input.dataset.started = "yes";
  input.parentElement.hidden = false;
  const opened = new Set();
  input.addEventListener("input", (event) => {
    // The rest of the page takes what is typed for a change of the form.
    event.stopPropagation();
    search(form, input.value, opened);
  });
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      form.querySelector(".field.found :is(input, select, textarea)")?.focus();
    } else if (event.key === "Escape") {
      input.value = "";
      search(form, "", opened);
    }
  });
}

function search(form, text, opened) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const isOn = words.length > 0;
  let count = 0;
  for (const field of form.querySelectorAll(".run-main [data-knob].field")) {
    const isFound = isOn && !field.closest("[data-variant-of][hidden]") && words.every((word) => textOf(field).includes(word));
    field.classList.toggle("found", isFound);
    count += isFound;
  }
  form.classList.toggle("searching", isOn);
  for (const section of form.querySelectorAll(".sections > details")) {
    const isFound = section.querySelector(".found") != null;
    section.classList.toggle("without-found", isOn && !isFound);
    if (isFound && !section.open) {
      opened.add(section);
      section.open = true;
    } else if (!isFound && opened.delete(section)) section.open = false;
  }
  form.querySelector("[data-num-found]").textContent = isOn ? (count === 1 ? "1 knob" : `${count} knobs`) : "";
}

/** What a field can be found by. */
function textOf(field) {
  const values = [...field.querySelectorAll("input, option, textarea")].map((control) => control.value);
  const words = [...field.querySelectorAll("label, .help")].map((part) => part.textContent);
  return [field.dataset.knob, field.dataset.knob.replaceAll(/[_.]/g, " "), ...words, ...values].join(" ").toLowerCase();
}
