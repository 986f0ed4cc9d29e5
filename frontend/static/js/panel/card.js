/** A small chart with a title, which keeps its place and its zoom while data arrives. */

import { make, setText } from "./dom.js";

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false };
const CAN_HOVER = matchMedia("(hover: hover)").matches;

export class Card {
  constructor(title, ...extras) {
    this.title = make("h3", {}, title);
    this.plot = make("div", { class: "plot" });
    this.empty = make("p", { class: "empty" });
    this.element = make(
      "section",
      { class: "chart" },
      make("header", {}, this.title, ...extras),
      make("div", { class: "plot-area" }, this.plot, this.empty),
    );
    this.drawn = "";
  }

  /** Draw these traces, or say in words why there are none. `zoomKey` names the axes: zoom is kept while it stays. */
  draw({ traces, colors, empty, zoomKey, log = false, xTitle = "", hover = "x unified" }) {
    setText(this.empty, traces.length ? "" : empty);
    const content = JSON.stringify([traces, colors, zoomKey, log]);
    if (content === this.drawn) return;
    this.drawn = content;
    window.Plotly.react(this.plot, traces, layout({ colors, zoomKey, log, xTitle, hover, blank: !traces.length }), CONFIG);
  }
}

function layout({ colors, zoomKey, log, xTitle, hover, blank }) {
  const axis = {
    gridcolor: colors.border,
    linecolor: colors.border,
    zeroline: false,
    tickfont: { color: colors.muted, size: 11 },
    automargin: true,
    visible: !blank,
  };
  return {
    uirevision: zoomKey,
    margin: { l: 8, r: 10, t: 6, b: xTitle ? 20 : 8 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: colors.font, size: 11, color: colors.text },
    showlegend: false,
    hovermode: hover,
    hoverdistance: 40,
    hoverlabel: { bgcolor: colors.surface, bordercolor: colors.border, font: { color: colors.text, size: 12 }, namelength: 40 },
    // A finger on a chart scrolls the page.
    dragmode: CAN_HOVER ? "zoom" : false,
    xaxis: { ...axis, nticks: 6, title: { text: xTitle, font: { size: 11, color: colors.muted }, standoff: 6 } },
    yaxis: { ...axis, nticks: 5, type: log ? "log" : "linear", exponentformat: "power" },
  };
}
