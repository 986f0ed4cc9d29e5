/** Keys that elements declare with `data-key`, and `?`, which lists them. CONTRIBUTING.md says how pages declare theirs. */

import { toggleHelp } from "./help.js";
import { elementsWithKeys } from "./declared.js";
import { isTaken } from "./typing.js";

const CHORD_MILLISECONDS = 1500;

let first = { key: "", at: 0 };

document.addEventListener("keydown", (event) => {
  if (isTaken(event)) return;
  if (event.key === "?") {
    event.preventDefault();
    toggleHelp();
    return;
  }
  // What lies under an open dialog cannot be used.
  if (document.querySelector("dialog:modal")) return;
  const isChord = event.timeStamp - first.at < CHORD_MILLISECONDS;
  const found = (isChord && elementWith(`${first.key} ${event.key}`)) || elementWith(event.key);
  first = found ? { key: "", at: 0 } : { key: event.key, at: event.timeStamp };
  if (!found) return;
  event.preventDefault();
  if (found.matches("input, select, textarea")) found.focus();
  else found.click();
});

document.addEventListener("click", (event) => event.target.closest("[data-keys-help]") && toggleHelp());

const elementWith = (keys) => elementsWithKeys().find((element) => element.dataset.key === keys);
