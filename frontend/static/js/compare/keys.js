/** The keys of the page that no button has. */

import { isTaken } from "../keys/typing.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const DIGIT = /^(?:Digit|Numpad)([1-8])$/;

/** `does` has `pick(number, isFirst)`, `flicker()`, `go(seeds, prompts)`, `pan(right, down)` and `zoom(factor)`. */
export function listenForKeys(does) {
  document.addEventListener("keydown", (event) => {
    if (isTaken(event) || document.querySelector("dialog:modal")) return;
    if (deed(event, does)) event.preventDefault();
  });
}

function deed(event, does) {
  const digit = DIGIT.exec(event.code);
  if (digit) return does.pick(Number(digit[1]), event.shiftKey) ?? true;
  if (event.key in ARROWS) return (event.shiftKey ? does.pan : does.go)(...ARROWS[event.key]) ?? true;
  if (event.key === "+" || event.key === "=") return does.zoom(1.5) ?? true;
  if (event.key === "-") return does.zoom(1 / 1.5) ?? true;
  // On a button it presses it.
  if (event.key === " " && !event.target.closest("button, a, summary")) return does.flicker() ?? true;
  return false;
}
