/** One run's pictures: a row for each prompt, in it a column for each seed. */

import { make, setText } from "./dom.js";
import { describe, openPicture } from "./lightbox.js";
import { sharpen } from "./pixels.js";

export class Pane {
  constructor() {
    this.title = make("h3", {});
    this.when = make("span", { class: "when" });
    this.rows = make("div", { class: "rows" });
    this.element = make("div", { class: "pane" }, make("header", {}, this.title, this.when), this.rows);
    this.shape = "";
    this.tiles = [];
  }

  describe(run, colors, named, step, wantedStep) {
    this.wanted = `${run.id} ${run.life} ${step}`;
    this.element.style.setProperty("--run-color", colors.ofRun(run.index));
    this.title.hidden = !named;
    setText(this.title, run.name);
    setText(this.when, step === wantedStep ? "" : wordsOfStep(step));
  }

  wants(run, step) {
    return this.wanted === `${run.id} ${run.life} ${step}`;
  }

  clear() {
    this.rows.replaceChildren();
    this.shape = "";
  }

  /** The same prompts and seeds come at each iteration: then only pictures and numbers are exchanged. */
  fill(samples, rewards) {
    const shape = JSON.stringify(samples.map((sample) => [sample.prompt, sample.seed]));
    if (shape !== this.shape) this.build(samples, rewards);
    this.shape = shape;
    samples.forEach((sample, index) => this.tiles[index].show(sample));
  }

  build(samples, rewards) {
    this.tiles = samples.map(() => new Tile(rewards));
    const rows = new Map();
    samples.forEach((sample, index) => {
      if (!rows.has(sample.prompt)) rows.set(sample.prompt, []);
      rows.get(sample.prompt).push(this.tiles[index].element);
    });
    this.rows.replaceChildren(
      ...[...rows].map(([prompt, tiles]) =>
        make("div", { class: "prompt" }, make("p", { title: prompt }, prompt), make("div", { class: "seeds" }, ...tiles)),
      ),
    );
  }
}

/** A picture with its rewards and its seed; what else was measured stands in its tooltip and in the full view. */
class Tile {
  constructor(rewards) {
    this.rewards = rewards;
    this.image = make("img", { decoding: "async", load: () => sharpen(this.image) });
    this.values = make("dl", {});
    this.button = make("button", { type: "button", click: () => openPicture(this.sample, this.element) }, this.image);
    this.element = make("figure", { class: "tile" }, this.button, make("figcaption", {}, this.values));
  }

  show(sample) {
    this.sample = sample;
    const words = describe(sample).map(([name, value]) => `${name} ${value}`).join(", ");
    if (this.image.getAttribute("src") !== sample.thumbnail) this.image.src = sample.thumbnail;
    this.image.alt = sample.prompt;
    this.button.title = `${sample.prompt}\n${words}`;
    const caption = describe(sample, this.rewards);
    this.values.replaceChildren(...caption.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  }
}

function wordsOfStep(step) {
  return step === undefined ? "no samples by then" : `iteration ${step}, its last before`;
}
