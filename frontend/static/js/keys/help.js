import { declaredKeys } from "./declared.js";

let dialog = null;

/** Open the list of keys, over whatever is open, or close it. The dialog gives the focus back to where it was. */
export function toggleHelp() {
  if (dialog?.open) return dialog.close();
  dialog ??= makeDialog();
  dialog.querySelector(".keys-sections").replaceChildren(...declaredKeys().map(section));
  dialog.showModal();
}

function makeDialog() {
  const made = document.createElement("dialog");
  made.className = "keys";
  made.setAttribute("aria-labelledby", "keys-title");
  made.innerHTML = `
    <form method="dialog" class="title-row">
      <h2 id="keys-title">Keys</h2>
      <button type="submit">Close</button>
    </form>
    <div class="keys-sections" tabindex="0" role="group" aria-labelledby="keys-title"></div>`;
  // A click beside it lands on the dialog itself, whose inside its children fill.
  made.addEventListener("click", (event) => event.target === made && made.close());
  document.body.append(made);
  return made;
}

function section({ title, lines }) {
  const part = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("dl");
  list.append(...lines);
  part.append(heading, list);
  return part;
}
