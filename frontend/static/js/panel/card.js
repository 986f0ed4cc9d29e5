/** A small chart with a title, which keeps its place and its zoom while data arrives. */

import { make, setText } from "./dom.js";
import { layOut } from "./multiples.js";

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "autosize", showTips: false };
// Beyond so many beside each other a chart takes a second, so that it is drawn once it is near the screen.
const MANY = 8;
const NEAR = { rootMargin: "400px" };
const BELOW = { x: 0.5, y: 0, yshift: -18, xref: "paper", yref: "paper", yanchor: "top", showarrow: false };
const CAN_HOVER = matchMedia("(hover: hover)").matches;

export class Card {
  /**
   * `key` names the chart in `zooms`, which remembers what part of it is looked at. `onPick(data, event)`, where
   * somebody sets it, gets what a trace says of a point that was clicked.
   */
  constructor(key, title, zooms, ...extras) {
    this.key = key;
    this.zooms = zooms;
    this.title = make("h3", {}, title);
    this.plot = make("div", { class: "plot" });
    this.empty = make("p", { class: "empty" });
    this.area = make("div", { class: "plot-area" }, this.plot, this.empty);
    this.element = make("section", { class: "chart" }, make("header", {}, this.title, ...extras), this.area);
    this.drawn = "";
    this.zoomKey = null;
    this.waiting = null;
    this.isNear = false;
    new IntersectionObserver((entries) => this.come(entries.at(-1).isIntersecting), NEAR).observe(this.element);
  }

  come(isNear) {
    this.isNear = isNear;
    if (isNear && this.waiting) this.draw(this.waiting);
  }

  /**
   * Draw these traces, or say in words why there are none; `panels` (of `{title, traces}`) instead of `traces` are
   * drawn beside each other. `zoomKey` names the axes: zoom is kept while it stays.
   */
  draw(asked) {
    const { traces, panels, colors, empty, zoomKey } = asked;
    const { log = false, logAcross = false, xTitle = "", xFormat = "", hover = "x unified" } = asked;
    this.element.classList.toggle("full", Boolean(panels));
    const figure = panels?.length ? layOut(panels, this.area.clientWidth || 320) : plain(traces ?? []);
    setText(this.empty, figure.traces.length ? "" : empty);
    this.area.style.height = figure.height ? `${figure.height}px` : "";
    this.waiting = panels?.length > MANY && !this.isNear ? asked : null;
    if (this.waiting) return;
    const content = JSON.stringify([figure, colors, zoomKey, log, logAcross]);
    if (content === this.drawn) return;
    this.drawn = content;
    if (this.zoomKey !== null && this.zoomKey !== zoomKey) this.zooms.clear(this.key);
    this.zoomKey = zoomKey;
    const looks = { colors, zoomKey, log, logAcross, xTitle, xFormat, hover, zoom: this.zooms.of(this.key) };
    window.Plotly.react(this.plot, figure.traces, layout(figure, looks), CONFIG);
    if (!this.isHeard) this.listen();
    this.isHeard = true;
  }

  listen() {
    this.plot.on("plotly_relayout", () => this.remember());
    this.plot.on("plotly_click", ({ points: [point], event }) => point?.customdata && this.onPick?.(point.customdata, event));
  }

  /** What a person has narrowed the axes to. */
  remember() {
    const range = (axis) => (axis.autorange ? null : [...axis.range]);
    const { xaxis, yaxis } = this.plot.layout;
    this.zooms.set(this.key, { x: range(xaxis), y: range(yaxis) });
  }
}

function plain(traces) {
  return { traces, axes: { xaxis: { nticks: 6 }, yaxis: { nticks: 5 } }, annotations: [] };
}

function layout({ traces, axes, annotations, height }, { colors, zoomKey, log, logAcross, xTitle, xFormat, hover, zoom }) {
  const looks = {
    gridcolor: colors.border,
    linecolor: colors.border,
    zeroline: false,
    tickfont: { color: colors.muted, size: 11 },
    automargin: true,
    visible: traces.length > 0,
    exponentformat: "power",
  };
  const ofAxis = (name, axis) => {
    const [range, isLog, tickformat] = name.startsWith("x") ? [zoom.x, logAcross, xFormat] : [zoom.y, log, ""];
    const shown = range && { range: [...range], autorange: false };
    return { ...looks, ...axis, type: isLog ? "log" : "linear", tickformat, ...shown };
  };
  const made = Object.fromEntries(Object.entries(axes).map(([name, axis]) => [name, ofAxis(name, axis)]));
  const small = { size: 11, color: colors.muted };
  if (!height) made.xaxis.title = { text: xTitle, font: small, standoff: 6 };
  // Beside each other they share one title.
  const shared = height ? [{ ...BELOW, text: xTitle, font: small }] : [];
  return {
    ...made,
    uirevision: zoomKey,
    annotations: [...annotations.map((one) => ({ ...one, font: { size: 11, color: colors.text } })), ...shared],
    margin: { l: 8, r: 10, t: 6, b: height ? 34 : xTitle ? 20 : 8 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: colors.font, size: 11, color: colors.text },
    showlegend: false,
    hovermode: hover,
    hoverdistance: 40,
    hoverlabel: { bgcolor: colors.surface, bordercolor: colors.border, font: { color: colors.text, size: 12 }, namelength: 40 },
    // A finger on a chart scrolls the page.
    dragmode: CAN_HOVER ? "zoom" : false,
  };
}
