/** Pictures of the shown runs at one iteration: a slider over the iterations that have some. */

import { writeAddress } from "./address.js";
import { make, setText } from "./dom.js";
import { Pane } from "./pane.js";
import { Tiles } from "./tiles.js";

const MAX_PANES = 4;
const PLAY_INTERVAL = 600;

export class Samples {
  /** `step` is the iteration to show, or `latest`, which follows the run. */
  constructor(step) {
    this.step = step;
    this.steps = [];
    this.runs = [];
    this.tiles = new Tiles();
    this.panes = new Map();
    this.playing = null;
    this.buildControls();
    this.empty = make("p", { class: "empty" });
    this.grid = make("div", { class: "panes" });
    this.element = make(
      "section",
      { class: "samples", keydown: (event) => this.onKey(event) },
      make("header", {}, make("h2", {}, "Samples"), this.controls),
      this.empty,
      this.grid,
    );
  }

  buildControls() {
    this.slider = make("input", {
      type: "range",
      min: 0,
      "aria-label": "Iteration of the samples",
      input: () => this.choose(this.steps[this.slider.valueAsNumber]),
    });
    this.label = make("output", {});
    this.play = make("button", { type: "button", click: () => this.togglePlay() }, "Play");
    this.latest = make("button", { type: "button", click: () => this.choose("latest") }, "Latest");
    // Out of the frame that the panel may be in.
    this.wall = make("a", { target: "_top" }, "All samples");
    this.controls = make(
      "div",
      { class: "step-controls", hidden: true },
      ...[this.play, this.slider, this.label, this.latest, this.wall],
    );
  }

  draw(runs, colors) {
    const withSamples = runs.filter((run) => run.sampleIterations.length);
    this.runs = withSamples.slice(0, MAX_PANES);
    this.colors = colors;
    this.steps = [...new Set(this.runs.flatMap((run) => run.sampleIterations))].sort((a, b) => a - b);
    const tooMany = withSamples.length > MAX_PANES ? `Pictures of the first ${MAX_PANES} shown runs.` : "";
    setText(this.empty, withSamples.length ? tooMany : emptyWords(runs));
    this.controls.hidden = !this.steps.length;
    this.wall.href = `/samples/?runs=${withSamples.map((run) => run.id).join()}`;
    this.show();
  }

  choose(step) {
    this.step = step === this.steps.at(-1) && this.step === "latest" ? "latest" : step;
    writeAddress({ step: this.step === "latest" ? null : this.step });
    this.show();
  }

  /** The chosen iteration, or the last one before it that has samples. */
  get shownStep() {
    if (this.step === "latest") return this.steps.at(-1);
    return this.steps.findLast((step) => step <= this.step) ?? this.steps[0];
  }

  show() {
    const index = this.steps.indexOf(this.shownStep);
    this.slider.max = Math.max(this.steps.length - 1, 0);
    this.slider.value = index;
    setText(this.label, this.steps.length ? `iteration ${this.shownStep}` : "");
    this.latest.setAttribute("aria-pressed", String(this.step === "latest"));
    this.placePanes();
    for (const run of this.runs) this.showRun(run);
    this.tiles.prefetch(this.runs, [this.steps[index + 1], this.steps[index - 1]]);
  }

  async showRun(run) {
    const pane = this.panes.get(run.id);
    const step = run.sampleIterations.findLast((iteration) => iteration <= this.shownStep);
    pane.describe(run, this.colors, this.runs.length > 1, step, this.shownStep);
    if (step === undefined) return pane.clear();
    const tiles = await this.tiles.at(run, step);
    // The slider may have moved on while the answer was on its way.
    if (tiles && pane.wants(run, step)) pane.fill(tiles, Object.keys(run.rewards));
  }

  placePanes() {
    const ids = this.runs.map((run) => run.id);
    for (const id of ids) if (!this.panes.has(id)) this.panes.set(id, new Pane());
    const elements = ids.map((id) => this.panes.get(id).element);
    const placed = [...this.grid.children];
    if (elements.length !== placed.length || elements.some((element, i) => element !== placed[i])) {
      this.grid.replaceChildren(...elements);
    }
  }

  onKey(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move || event.target === this.slider || event.target.closest("dialog")) return;
    const next = this.steps[this.steps.indexOf(this.shownStep) + move];
    if (next !== undefined) this.choose(next);
    event.preventDefault();
  }

  togglePlay() {
    if (this.playing) return this.stop();
    setText(this.play, "Pause");
    if (this.shownStep === this.steps.at(-1)) this.choose(this.steps[0]);
    this.playing = setInterval(() => {
      const next = this.steps[this.steps.indexOf(this.shownStep) + 1];
      if (next === undefined) this.stop();
      else this.choose(next);
    }, PLAY_INTERVAL);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    setText(this.play, "Play");
  }
}

function emptyWords(runs) {
  if (!runs.length) return "No run is shown.";
  const ended = runs.every((run) => ["finished", "failed", "cancelled", "stopped"].includes(run.state));
  return ended ? "This run ended before it drew samples." : "No samples yet: the first come before iteration 1.";
}
