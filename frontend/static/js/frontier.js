/** The chart of an experiment: every evaluation by its distance from the base model, and the line that none beats. */

import { followTheme, readColors } from "./panel/colors.js";
import { make } from "./panel/dom.js";

const PLOTLY = new URL("../plotly/plotly.min.js", import.meta.url);
const NUM_COLORED_RUNS = 8;
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false };
const CAN_HOVER = matchMedia("(hover: hover)").matches;

function traces({ points }, colors) {
  const edge = points.filter((point) => point.edge).sort((a, b) => a.kl - b.kl);
  const runs = [...new Set(points.map((point) => point.run))];
  const colorOf = (name) => (runs.length <= NUM_COLORED_RUNS ? colors.ofRun(runs.indexOf(name)) : colors.muted);
  return [
    {
      x: edge.map((point) => point.kl),
      y: edge.map((point) => point.mean),
      mode: "lines",
      line: { color: colors.ofRun(6), width: 1.5, dash: "dot" },
      hoverinfo: "skip",
    },
    ...[false, true].map((isEdge) => {
      const shown = points.filter((point) => point.edge === isEdge);
      return {
        x: shown.map((point) => point.kl),
        y: shown.map((point) => point.mean),
        error_y: {
          type: "data",
          symmetric: false,
          visible: isEdge,
          array: shown.map((point) => point.high - point.mean),
          arrayminus: shown.map((point) => point.mean - point.low),
          color: colors.muted,
          thickness: 1,
          width: 2,
        },
        customdata: shown.map((point) => point.url),
        text: shown.map((point) => (point.iteration ? `${point.run}, iteration ${point.iteration}` : "Base model")),
        mode: "markers",
        marker: { color: shown.map((point) => colorOf(point.run)), size: isEdge ? 9 : 6, opacity: isEdge ? 1 : 0.6 },
        hovertemplate: "%{text}<br>%{y:.4g} at %{x:.3g} nats<extra></extra>",
      };
    }),
  ];
}

function layout({ score }, colors) {
  const axis = {
    gridcolor: colors.border,
    linecolor: colors.border,
    zeroline: false,
    tickfont: { color: colors.muted, size: 11 },
    automargin: true,
  };
  const title = (text) => ({ text, font: { size: 11, color: colors.muted }, standoff: 6 });
  return {
    margin: { l: 8, r: 10, t: 6, b: 20 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: colors.font, size: 11, color: colors.text },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: { bgcolor: colors.surface, bordercolor: colors.border, font: { color: colors.text, size: 12 } },
    dragmode: CAN_HOVER ? "zoom" : false,
    xaxis: { ...axis, nticks: 6, title: title("KL to the base model, nats") },
    yaxis: { ...axis, nticks: 6, title: title(score) },
  };
}

const loaded = new Promise((resolve, reject) => {
  document.head.append(make("script", { src: PLOTLY, load: resolve, error: reject }));
});

for (const place of document.querySelectorAll("[data-frontier]")) {
  const data = JSON.parse(document.getElementById(place.dataset.frontier).textContent);
  const draw = () => {
    const colors = readColors();
    window.Plotly.react(place, traces(data, colors), layout(data, colors), CONFIG);
  };
  loaded.then(() => {
    draw();
    place.on("plotly_click", ({ points: [point] }) => point.customdata && location.assign(point.customdata));
    followTheme(draw);
    // The theme's own button is on this page.
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  });
}
