/** The tools above the pictures and the player below: they show the state, and tell what a person wants of it. */

import { make, setText } from "../panel/dom.js";
import { altOf } from "./figures.js";

export class Tools {
  /** `want` is called with changes of the state. */
  constructor(root, want) {
    this.root = root;
    this.find = (name) => root.querySelector(`[data-${name}]`);
    for (const button of root.querySelectorAll("[data-set-mode]")) {
      button.addEventListener("click", () => want({ mode: button.dataset.setMode }));
    }
    this.numbers = { first: "first", second: "second", every: "every", gain: "gain", wipe: "wipe" };
    for (const [entry, name] of Object.entries(this.numbers)) {
      this.find(name).addEventListener("input", (event) => want({ [entry]: Number(event.target.value) }));
    }
  }

  offer(items) {
    for (const name of ["first", "second"]) {
      this.find(name).replaceChildren(...items.map((item, index) => make("option", { value: index + 1 }, nameOf(index + 1, item))));
    }
  }

  show(state, items, isSwapped) {
    this.root.dataset.mode = state.mode;
    this.root.toggleAttribute("data-zoomed", state.zoom > 1);
    for (const button of this.root.querySelectorAll("[data-set-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setMode === state.mode));
      button.disabled = items.length < 2 && button.dataset.setMode !== "side";
    }
    for (const [entry, name] of Object.entries(this.numbers)) this.find(name).value = state[entry];
    for (const knob of this.root.querySelectorAll("[data-for]")) {
      const wanted = knob.dataset.for;
      knob.hidden = wanted === "pair" ? state.mode === "side" : wanted !== state.mode;
    }
    setText(this.find("zoom-told"), `× ${Number(state.zoom.toFixed(1))}`);
    this.name(state, items, isSwapped);
  }

  name(state, items, isSwapped) {
    const big = this.find("big");
    const pair = [items[state.first - 1], items[state.second - 1]];
    this.find("single").hidden = state.mode === "side";
    if (state.mode === "side" || pair.includes(undefined)) return;
    const seen = state.mode === "flicker" ? [pair[isSwapped ? 1 : 0]] : pair;
    const words = { wipe: "left and right of the line", flicker: "flickering", difference: "difference of" }[state.mode];
    big.setAttribute("aria-label", `${words}: ${seen.map(altOf).join("; ")}`);
    setText(this.find("name-first"), nameOf(isSwapped ? state.second : state.first, seen[0]));
    setText(this.find("name-second"), seen[1] ? nameOf(state.second, seen[1]) : "");
  }

  tell(told) {
    setText(this.find("told"), told ? `mean ${told.mean.toFixed(1)}, largest ${told.largest} of 255` : "");
  }

  wait(isWaiting) {
    setText(this.find("waiting"), isWaiting ? "Loading…" : "");
  }

  complain(text) {
    this.find("problem").hidden = !text;
    setText(this.find("problem"), text);
  }
}

/** What tells two apart stands first: a long name is cut off at its end. */
const nameOf = (number, item) => [number, item.when, item.run].filter(Boolean).join(" · ");
