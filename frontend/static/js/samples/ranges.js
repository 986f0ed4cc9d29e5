/** Lowest and highest value of each quantity, and the seed. */

import { formatNumber } from "../panel/names.js";
import { make, setText } from "../panel/dom.js";
import { REWARD } from "./facts.js";

const PREFIXES = ["min.", "max."];

export class Ranges {
  constructor(details, change) {
    this.details = details;
    this.summary = details.querySelector("summary");
    this.place = details.querySelector("[data-ranges]");
    this.change = change;
    this.shape = null;
  }

  show({ rewards }, query, names) {
    const quantities = [...Object.keys(rewards).map((name) => REWARD + name), "advantage", "kl"];
    const shape = quantities.join();
    if (shape !== this.shape) this.build(quantities, rewards, names);
    this.shape = shape;
    const fields = [...this.place.querySelectorAll("input")];
    for (const field of fields) if (field !== document.activeElement) field.value = query.get(field.name) ?? "";
    const num = fields.filter((field) => query.get(field.name)).length;
    setText(this.summary, num ? `Ranges (${num})` : "Ranges");
  }

  build(quantities, rewards, names) {
    const rows = quantities.map((quantity) => {
      const ends = rewards[quantity.slice(REWARD.length)] ?? [];
      const fields = PREFIXES.map((side, number) =>
        this.field(`${side}${quantity}`, "any", `${number ? "Highest" : "Lowest"} ${names.of(quantity)}`, ends[number]),
      );
      return [make("span", {}, names.of(quantity)), ...fields];
    });
    this.place.replaceChildren(...rows.flat(), make("span", {}, "seed"), this.field("seed", 1, "Seed"));
  }

  field(name, step, label, placeholder) {
    const field = make("input", {
      type: "number",
      name,
      step,
      "aria-label": label,
      placeholder: placeholder == null ? null : formatNumber(placeholder),
      input: () => this.change({ [name]: field.value }),
    });
    return field;
  }
}
