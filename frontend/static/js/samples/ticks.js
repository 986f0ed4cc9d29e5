/** Pictures that are ticked, to be compared; they stay ticked whatever the wall shows. */

import { setText } from "../panel/dom.js";

const MOST_COMPARED = 8;

export class Ticks {
  /** `write(text)` puts them into the address. */
  constructor(bar, text, write) {
    this.bar = bar;
    this.refs = new Set((text ?? "").split(",").filter(Boolean));
    this.write = write;
    this.link = bar.querySelector("a");
    this.comparePage = this.link.getAttribute("href");
    this.told = bar.querySelector("[data-num-ticked]");
    bar.querySelector("[data-untick]").addEventListener("click", () => this.clear());
    this.show();
  }

  has(ref) {
    return this.refs.has(ref);
  }

  set(ref, isTicked) {
    if (isTicked) this.refs.add(ref);
    else this.refs.delete(ref);
    this.write([...this.refs].join());
    this.show();
  }

  clear() {
    this.refs.clear();
    for (const box of document.querySelectorAll(".wall-tick input:checked")) box.checked = false;
    this.write("");
    this.show();
  }

  show() {
    const num = this.refs.size;
    this.bar.hidden = num === 0;
    const canCompare = num >= 2 && num <= MOST_COMPARED;
    const advice = num < 2 ? ": tick another to compare" : canCompare ? "" : `: at most ${MOST_COMPARED} can be compared`;
    setText(this.told, `${num} ticked${advice}`);
    this.link.hidden = !canCompare;
    this.link.href = `${this.comparePage}?items=${[...this.refs].join()}`;
  }
}
