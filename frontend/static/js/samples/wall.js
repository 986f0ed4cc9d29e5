/** The wall: tiles as they come into view, page by page. */

import { make, setText } from "../panel/dom.js";
import { Names } from "./facts.js";
import { Grid, Rows } from "./layouts.js";
import { makeTile } from "./tile.js";

// How far below the screen the next page is asked for.
const AHEAD = "1500px";

export class Wall {
  /** `askForPage(place)` gives a further page; `acts` has `open`, `tick` and `isTicked`. */
  constructor(section, askForPage, acts) {
    this.place = section.querySelector("#wall");
    this.count = section.querySelector(".wall-count");
    this.askForPage = askForPage;
    this.acts = acts;
    this.life = 0;
    this.end = section.querySelector("#wall-more");
    this.nearEnd = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.goOn(), {
      rootMargin: AHEAD,
    });
  }

  /** Show another question's answer: what stood there stays until it is here. */
  show(answer, asGroups) {
    this.life += 1;
    this.tiles = [];
    this.tools = { ...this.acts, runs: answer.runs, names: new Names(Object.keys(answer.rewards)) };
    this.layout = asGroups ? new Rows() : new Grid();
    this.next = answer.next;
    this.asking = null;
    this.add(answer.tiles);
    this.place.replaceChildren(answer.total ? this.layout.element : make("p", { class: "empty" }, emptyWords(answer)));
    setText(this.count, answer.total ? countWords(answer) : "");
    this.keepSize();
  }

  add(tiles) {
    this.tiles.push(...tiles);
    this.layout.add(tiles, tiles.map((tile) => makeTile(tile, this.tools)));
    // Told anew where the end is still in sight.
    this.nearEnd.unobserve(this.end);
    this.nearEnd.observe(this.end);
  }

  /** The next page, where there is one; a second call waits for the first. */
  goOn() {
    if (!this.next) return Promise.resolve();
    const life = this.life;
    this.asking ??= this.askForPage(this.next).then((answer) => {
      if (life !== this.life) return;
      this.asking = null;
      if (!answer) return;
      this.next = answer.next;
      this.add(answer.tiles);
    });
    return this.asking;
  }

  /** What is not drawn yet takes as much room as what is, so that nothing jumps. */
  keepSize() {
    const tile = this.place.querySelector(".wall-tile");
    if (tile) this.place.style.setProperty("--tile-height", `${tile.offsetHeight}px`);
  }

  find(ref) {
    return this.place.querySelector(`.wall-tile[data-ref="${ref}"] .wall-picture`);
  }
}

function countWords({ total, step }) {
  const pictures = total === 1 ? "1 picture" : `${total.toLocaleString("en")} pictures`;
  return step == null ? pictures : `${pictures} up to iteration ${step}, each run's last`;
}

function emptyWords({ runs, steps, step }) {
  if (!runs.length) return "No run has pictures yet. They come with a run's first samples, before its first iteration.";
  if (!steps.length && step == null) return "Nothing was drawn here: choose other pictures above, or other runs.";
  return "No picture is like that: change the words or the ranges, or choose another iteration.";
}
