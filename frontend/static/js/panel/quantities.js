/** What stands on the two axes: pairs that are often wanted, and any other two of what the runs have. */

import { make } from "./dom.js";

export class Quantities {
  /** `onChange({across, up})` gets the keys; empty ones leave the choice to the server. */
  constructor({ across, up }, onChange) {
    this.chosen = { across, up };
    this.onChange = onChange;
    this.pairs = make("div", { class: "pairs", role: "group", "aria-label": "Often wanted" });
    this.up = this.picker("up", "Up");
    this.across = this.picker("across", "Across");
    this.swap = make("button", { type: "button", click: () => this.choose(this.shown.across, this.shown.up) }, "Swap");
    this.element = make(
      "div",
      { class: "quantities" },
      this.pairs,
      make("label", {}, "Up", this.up),
      make("label", {}, "Across", this.across),
      this.swap,
    );
    this.drawn = "";
  }

  /** The label around it would be read with all of its options. */
  picker(name, label) {
    return make("select", { "aria-label": label, change: (event) => this.choose(...this.pairWith(name, event.target.value)) });
  }

  pairWith(name, key) {
    return name === "up" ? [key, this.shown.across] : [this.shown.up, key];
  }

  choose(up, across) {
    this.chosen = { across, up };
    this.onChange(this.chosen);
  }

  /** What there is to choose from, and what is shown. */
  show({ quantities, pairs, across, up }) {
    this.shown = { across: across.key, up: up.key };
    const content = JSON.stringify([quantities, pairs]);
    if (content !== this.drawn) {
      this.drawn = content;
      for (const select of [this.up, this.across]) select.replaceChildren(...groupsOf(quantities));
      this.pairs.replaceChildren(...pairs.map((pair) => this.button(pair)));
    }
    this.up.value = up.key;
    this.across.value = across.key;
    pairs.forEach((pair, place) => {
      const isShown = pair.across === across.key && pair.up === up.key;
      this.pairs.children[place].setAttribute("aria-pressed", String(isShown));
    });
  }

  button(pair) {
    return make("button", { type: "button", click: () => this.choose(pair.up, pair.across) }, pair.title);
  }
}

function groupsOf(quantities) {
  return [...new Set(quantities.map((one) => one.group))].map((group) =>
    make(
      "optgroup",
      { label: group },
      ...quantities.filter((one) => one.group === group).map((one) => make("option", { value: one.key }, one.title)),
    ),
  );
}
