/** Checkpoints on two axes, a point each: reward against KL, out of domain against in domain, or any other two. */

import { writeAddress } from "./address.js";
import { Card } from "./card.js";
import { followTheme, readColors } from "./colors.js";
import { make, setText } from "./dom.js";
import { edgeOf } from "./edge.js";
import { EdgeTable } from "./edge-table.js";
import { meanPoints, pointTraces } from "./frontier-traces.js";
import { Legend } from "./legend.js";
import { writeLog } from "./logs.js";
import { Poll } from "./poll.js";
import { Quantities } from "./quantities.js";
import { openSamples } from "./samples-link.js";
import { withGroupColors } from "./seeds.js";
import { Zooms } from "./zooms.js";

export const FRONTIER = "frontier";

export class Frontier {
  constructor(element, address) {
    this.runIds = address.runs;
    this.view = { seeds: false, log: "", intervals: address.intervals };
    this.answer = null;
    const onChange = () => this.draw();
    this.note = make("p", { class: "note", role: "status" });
    this.legend = new Legend(address.runs, onChange);
    this.quantities = new Quantities(address, (chosen) => this.choose(chosen));
    this.intervals = make("input", { type: "checkbox", change: () => this.toggleIntervals() });
    this.intervals.checked = address.intervals;
    this.zooms = new Zooms(address.zoom, (zoom) => writeAddress({ zoom }));
    this.card = new Card(FRONTIER, "", this.zooms);
    this.card.onPick = (policies, event) => openSamples({ policies }, event);
    this.card.element.classList.add("frontier");
    this.table = new EdgeTable();
    const intervals = make("label", { class: "intervals" }, this.intervals, "Intervals");
    const controls = make("div", { class: "frontier-controls" }, this.quantities.element, intervals);
    // Unseen until it is known what can stand on the axes: the choices then take the room that they need.
    this.body = make("div", { class: "frontier-body", "data-waiting": true }, controls, this.card.element, this.table.element);
    element.append(this.legend.element, this.note, this.body);

    this.poll = new Poll(
      () => this.question(),
      (answer) => {
        this.answer = answer;
        this.draw();
      },
      (text) => setText(this.note, text),
    );
    this.poll.ask();
    window.addEventListener("panel:controls", (event) => this.follow(event.detail));
    if (window.panelControls) this.follow(window.panelControls);
    followTheme(onChange);
  }

  question() {
    const { across, up } = this.quantities.chosen;
    return `/runs/frontier?${new URLSearchParams({ runs: this.runIds.join(), across, up })}`;
  }

  follow({ seeds, log }) {
    this.view = { ...this.view, seeds, log };
    writeAddress({ seeds: seeds ? "1" : null, log: writeLog(log) });
    if (this.answer) this.draw();
  }

  choose({ across, up }) {
    writeAddress({ across, up });
    this.poll.ask();
  }

  toggleIntervals() {
    this.view = { ...this.view, intervals: this.intervals.checked };
    writeAddress({ intervals: this.view.intervals ? "1" : null });
    if (this.answer) this.draw();
  }

  draw() {
    if (!this.answer) return;
    this.body.removeAttribute("data-waiting");
    const colors = readColors();
    const { seeds, log, intervals } = this.view;
    const all = this.answer.runs.map(withPolicies);
    const runs = seeds ? withGroupColors(all) : all;
    const shown = this.legend.shown(runs);
    this.legend.draw(runs, colors);
    this.quantities.show(this.answer);
    const { across, up } = this.answer;
    const drawn = seeds ? meanPoints(shown) : shown;
    const edge = edgeOf(drawn, across.better, up.better);
    const isLog = ({ key }) => log === "all" || (log === "kl" && key.includes("kl"));
    setText(this.card.title, `${up.title} against ${across.title}`);
    this.card.draw({
      traces: pointTraces(drawn, edge, { across, up, colors, intervals: intervals || seeds }),
      ...{ colors, log: isLog(up), logAcross: isLog(across), xTitle: across.title, hover: "closest" },
      zoomKey: [across.key, up.key, isLog(across), isLog(up)].join(" "),
      empty: wordsWithoutPoints(all, this.answer),
    });
    this.table.draw(edge, { across, up });
    if (!all.length) setText(this.note, "There is no such run, or it belongs to a team that you are not in.");
  }
}

/** A run in its place, each of its points with the policy that it stands for. */
function withPolicies(run, index) {
  return { ...run, index, points: run.points.map((point) => ({ ...point, policies: [`${run.id}@${point.iteration}`] })) };
}

function wordsWithoutPoints(runs, { across, up }) {
  if (!runs.length) return "No run is shown.";
  if (!runs.some((run) => run.points.length)) return `No checkpoint has both ${up.title} and ${across.title} yet.`;
  return "No run is shown.";
}
