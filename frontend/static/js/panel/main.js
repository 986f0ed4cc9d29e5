/** The panel: curves, evaluations and samples of the runs in the address, drawn as they arrive. */

import { readAddress, writeAddress } from "./address.js";
import { Charts } from "./charts.js";
import { followTheme, leaveDarkToTokens, readColors } from "./colors.js";
import { make, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { reportHeight } from "./frame.js";
import { Legend } from "./legend.js";
import { LostAttempts } from "./lost.js";
import { Samples } from "./samples.js";
import { meanOverSeeds, withGroupColors } from "./seeds.js";
import { Store } from "./store.js";

const PLOTLY = new URL("../../plotly/plotly.min.js", import.meta.url);

/** Fill the mount point. `metricsArrived` asks the controls for the metrics that a run has written by now. */
export async function mount(element, metricsArrived) {
  leaveDarkToTokens();
  document.documentElement.classList.toggle("framed", window.parent !== window);
  const address = readAddress();
  if (!address.runs.length) {
    element.replaceChildren(make("p", { class: "empty-page" }, "No run chosen. Open the panel from a run's page, or compare runs in an experiment."));
    return;
  }
  await loadPlotly();
  new Panel(element, address, metricsArrived);
}

class Panel {
  constructor(element, address, metricsArrived) {
    this.metricsArrived = metricsArrived;
    this.askedForMetrics = false;
    this.keysAreFromAddress = address.keys != null;
    this.firstKeys = null;
    this.titles = {};
    this.view = { x: "iteration", smooth: 0, log: false, lost: false, seeds: false, keys: [] };
    this.runIds = address.runs;
    this.store = new Store();
    const redraw = () => this.draw();
    this.note = make("p", { class: "note", role: "status" });
    this.back = make("nav", { class: "back" });
    this.legend = new Legend(redraw);
    this.charts = new Charts(address.score, redraw);
    this.lost = new LostAttempts(redraw);
    this.samples = new Samples(address.step);
    element.replaceChildren(this.back, this.legend.element, this.note, this.charts.element, this.samples.element);

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
    followTheme(redraw);
    reportHeight(element);
  }

  /** Do what the controls say, and write it into the address. */
  async follow({ x, smooth, log, lost, seeds, keys }) {
    this.view = { ...this.view, x, smooth, log, lost, seeds };
    this.firstKeys = this.firstKeys?.length || this.keysAreFromAddress ? this.firstKeys : keys;
    writeAddress({
      x: x === "iteration" ? null : x,
      smooth: smooth || null,
      log: log ? "1" : null,
      lost: lost ? "1" : null,
      seeds: seeds ? "1" : null,
      keys: keys.join() === this.firstKeys?.join() ? null : keys.join(),
    });
    if (keys.some((key) => !(key in this.titles))) await this.learnTitles();
    this.view.keys = keys;
    this.feed.choose(keys);
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
    this.showWayBack(runs);
    this.legend.draw(this.view.seeds ? withGroupColors(runs) : runs, colors);
    const lost = this.view.lost && !this.view.seeds ? this.lost.of(runs, this.view.keys) : {};
    const drawn = this.view.seeds ? meanOverSeeds(withGroupColors(shown), this.view.keys, this.view.smooth) : shown;
    this.charts.draw({ runs: drawn, allRuns: runs, lost, view: this.view, titles: this.titles, colors });
    this.samples.draw(shown, colors);
    if (!runs.length) setText(this.note, "There is no such run, or it belongs to a team that you are not in.");
    if (!this.askedForMetrics && runs.some((run) => run.iteration > 0)) {
      this.askedForMetrics = true;
      this.metricsArrived();
    }
  }

  /** Outside a run page there is nothing around the panel: link to what it shows. */
  showWayBack(runs) {
    if (window.parent !== window || this.back.childElementCount) return;
    this.back.append(
      make("a", { href: "/" }, "Experiments"),
      ...runs.map((run) => make("a", { href: run.url }, run.name)),
    );
  }
}

function loadPlotly() {
  return new Promise((resolve, reject) => {
    if (window.Plotly) return resolve();
    document.head.append(make("script", { src: PLOTLY, load: resolve, error: reject }));
  });
}
