/** What the server says is wrong, put at the fields while a person types; the fields themselves are left alone. */

export function placeProblems(form) {
  const found = new Map();
  for (const problem of form.querySelectorAll("#run-aside [data-error-of]")) {
    const id = problem.dataset.errorOf;
    found.set(id, [...(found.get(id) ?? []), problem.textContent]);
  }
  for (const place of form.querySelectorAll("[data-errors-of]")) {
    const messages = found.get(place.dataset.errorsOf) ?? [];
    place.replaceChildren(...messages.map(sentence));
    const control = document.getElementById(place.dataset.errorsOf);
    if (messages.length) control?.setAttribute("aria-invalid", "true");
    else control?.removeAttribute("aria-invalid");
  }
  for (const section of form.querySelectorAll(".sections > details"))
    section.querySelector("[data-bad-here]").hidden = !section.querySelector(".errors:not(:empty)");
}

/** Go to the field, or the line of the YAML, that a link names. False where there is no such thing on the page. */
export function jumpTo(link) {
  if (link.dataset.line) return selectLine(document.getElementById("id_yaml"), Number(link.dataset.line));
  const field = document.getElementById(link.dataset.jump);
  if (!field) return false;
  for (let folded = field.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
  field.scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
  return true;
}

function selectLine(editor, line) {
  if (!editor) return false;
  const lines = editor.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  editor.focus();
  editor.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  editor.scrollTop = (editor.scrollHeight / lines.length) * Math.max(0, line - 5);
  return true;
}

function sentence(message) {
  const element = document.createElement("p");
  element.className = "error";
  element.textContent = message;
  return element;
}
