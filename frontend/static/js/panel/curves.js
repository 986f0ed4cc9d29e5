/** Curves, evaluations and samples of the runs in the address, drawn as they arrive. */

import { writeAddress } from "./address.js";
import { Charts } from "./charts.js";
import { followTheme, readColors } from "./colors.js";
import { make, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { Legend } from "./legend.js";
import { writeLog } from "./logs.js";
import { LostAttempts } from "./lost.js";
import { Samples } from "./samples.js";
import { meanOverSeeds, withGroupColors } from "./seeds.js";
import { Store } from "./store.js";
import { Zooms } from "./zooms.js";

// The page of curves alone; elsewhere samples and a small frontier stand with them.
export const CURVES = "curves";
const FIRST_VIEW = { x: "iteration", smooth: 0, log: "", lost: false, seeds: false, multiples: false, keys: [] };

export class Curves {
  /** `metricsArrived` asks the controls for the metrics that a run has written by now. */
  constructor(element, address, metricsArrived) {
    this.metricsArrived = metricsArrived;
    this.askedForMetrics = false;
    this.keysAreFromAddress = address.keys != null;
    this.firstKeys = null;
    this.titles = {};
    this.view = FIRST_VIEW;
    this.shownX = FIRST_VIEW.x;
    this.runIds = address.runs;
    this.store = new Store();
    const onChange = () => this.draw();
    const isAlone = address.view === CURVES;
    this.note = make("p", { class: "note", role: "status" });
    this.legend = new Legend(address.runs, onChange);
    this.zooms = new Zooms(address.zoom, (zoom) => writeAddress({ zoom }));
    this.charts = new Charts({ score: address.score, zooms: this.zooms, withFrontier: !isAlone, onChange });
    this.lost = new LostAttempts(onChange);
    this.samples = isAlone ? null : new Samples(address.step);
    element.append(this.legend.element, this.note, this.charts.element, ...(isAlone ? [] : [this.samples.element]));

    this.feed = new Feed(
      address.runs,
      (answer, fresh) => {
        this.store.take(answer, fresh);
        this.draw();
      },
      (text) => setText(this.note, text),
    );
    window.addEventListener("panel:controls", (event) => this.follow(event.detail));
    if (window.panelControls) this.follow(window.panelControls);
    followTheme(onChange);
  }

  /** Do what the controls say, and write it into the address. */
  async follow({ keys, ...view }) {
    this.view = { ...this.view, ...view };
    this.firstKeys = this.firstKeys?.length || this.keysAreFromAddress ? this.firstKeys : keys;
    writeAddress({
      x: view.x === FIRST_VIEW.x ? null : view.x,
      smooth: view.smooth || null,
      log: writeLog(view.log),
      ...Object.fromEntries(["lost", "seeds", "multiples"].map((name) => [name, view[name] ? "1" : null])),
      keys: keys.join() === this.firstKeys?.join() ? null : keys.join(),
    });
    if (keys.some((key) => !(key in this.titles))) await this.learnTitles();
    this.view.keys = keys;
    // Before the data are here, so that nothing moves when they come.
    this.charts.place(keys, this.titles);
    this.feed.choose(keys, this.view.x === "hours");
    if (this.store.runs.length) this.draw();
  }

  async learnTitles() {
    const response = await fetch(`/runs/series/keys?${new URLSearchParams({ runs: this.runIds.join() })}`);
    if (response.ok) this.titles = await response.json();
  }

  draw() {
    const { runs } = this.store;
    const colors = readColors();
    const shown = this.legend.shown(runs);
    const { keys, seeds, smooth } = this.view;
    this.legend.draw(seeds ? withGroupColors(runs) : runs, colors);
    // Until the hours are here the charts stay as they are.
    if (this.view.x !== "hours" || runs.some((run) => run.clock)) this.shownX = this.view.x;
    const view = { ...this.view, x: this.shownX };
    const lost = view.lost && !seeds ? this.lost.of(runs, keys, view.x === "hours") : {};
    const drawn = seeds ? meanOverSeeds(withGroupColors(shown), keys, smooth) : shown;
    this.charts.draw({ runs: drawn, allRuns: runs, lost, view, titles: this.titles, colors });
    this.samples?.draw(shown, colors);
    if (!runs.length) setText(this.note, "There is no such run, or it belongs to a team that you are not in.");
    if (!this.askedForMetrics && runs.some((run) => run.iteration > 0)) {
      this.askedForMetrics = true;
      this.metricsArrived();
    }
  }
}
