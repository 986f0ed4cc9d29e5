/** The pictures as a list: each with its number, what drew it, a canvas, its scores, prompt and seed. */

import { make } from "../panel/dom.js";
import { formatNumber, shortNames } from "../panel/names.js";

export class Figures {
  /** `onPick` is called with the number of the picture, from 1, that was clicked. */
  constructor(list, onPick) {
    this.list = list;
    this.onPick = onPick;
    this.canvases = [];
  }

  show(items) {
    this.canvases = items.map((item) => make("canvas", { role: "img", tabindex: 0, "aria-label": altOf(item) }));
    const short = shortNames([...new Set(items.flatMap((item) => Object.keys(item.scores)))].sort());
    this.list.replaceChildren(...items.map((item, index) => this.figure(item, index, short, items[0])));
    this.list.style.setProperty("--num-items", items.length);
  }

  figure(item, index, short, first) {
    const scores = [...short].filter(([name]) => name in item.scores).flatMap(([name, words]) => [
      make("dt", {}, words),
      make("dd", {}, ...scoreWords(item.scores[name], index ? first.scores[name] : undefined)),
    ]);
    return make(
      "li",
      { "data-item": index + 1 },
      make(
        "button",
        { type: "button", class: "compare-pick", click: () => this.onPick(index + 1), title: item.policy },
        make("span", { class: "compare-number" }, String(index + 1)),
        make("span", { class: "clip" }, item.run),
        make("span", { class: "muted" }, item.when),
      ),
      this.canvases[index],
      make("dl", {}, ...scores, make("dt", {}, "seed"), make("dd", {}, item.seed)),
      make("p", { class: "small compare-text", title: item.prompt }, item.prompt),
    );
  }

  /** Which of them are the pair that is looked at. */
  mark(first, second) {
    for (const [index, element] of [...this.list.children].entries()) {
      const isOfPair = index + 1 === first || index + 1 === second;
      element.querySelector(".compare-pick").setAttribute("aria-pressed", String(isOfPair));
    }
  }
}

export const altOf = (item) => `${item.prompt}, seed ${item.seed}, ${item.policy}`;

/** A score, and how far it is from the first picture's. */
function scoreWords(value, first) {
  if (typeof first !== "number" || first === value) return [formatNumber(value)];
  const change = value - first;
  const words = `${change > 0 ? "+" : "−"}${formatNumber(Math.abs(change))}`;
  return [`${formatNumber(value)} `, make("span", { class: "compare-change" }, words)];
}
