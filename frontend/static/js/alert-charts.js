/** The curves in question on an alert's page, each small, with the moments marked that it compares. */

import { followTheme, readColors } from "./panel/colors.js";

const CONFIG = { displayModeBar: false, responsive: true, staticPlot: true };

const content = JSON.parse(document.getElementById("alert-charts").textContent);
const place = document.querySelector("[data-alert-charts]");

const plots = content.charts.map((chart) => {
  const card = document.createElement("div");
  card.className = "card alert-chart";
  const title = document.createElement("h2");
  title.textContent = chart.title;
  const plot = document.createElement("div");
  plot.className = "alert-plot";
  card.append(title, plot);
  place.append(card);
  return plot;
});

function draw() {
  const colors = readColors();
  content.charts.forEach((chart, index) => {
    window.Plotly.react(plots[index], [trace(chart, colors)], layout(colors), CONFIG);
  });
}

function trace(chart, colors) {
  const color = colors.ofRun(0);
  const line = { x: chart.x, y: chart.y, type: "scatter", line: { color, width: 1.75 }, marker: { color, size: 6 } };
  if (!chart.low) return { ...line, mode: chart.x.length === 1 ? "markers" : "lines" };
  const above = chart.high.map((high, index) => high - chart.y[index]);
  const below = chart.low.map((low, index) => chart.y[index] - low);
  const bars = { type: "data", symmetric: false, array: above, arrayminus: below, color, thickness: 1, width: 3 };
  return { ...line, mode: "lines+markers", error_y: bars };
}

function layout(colors) {
  const axis = {
    gridcolor: colors.border,
    linecolor: colors.border,
    zeroline: false,
    tickfont: { color: colors.muted, size: 11 },
    automargin: true,
  };
  const bad = getComputedStyle(document.documentElement).getPropertyValue("--color-bad").trim();
  const moments = [{ at: content.iteration, color: bad, dash: "solid" }];
  if (content.since < content.iteration && content.since > 0) moments.push({ at: content.since, color: colors.muted, dash: "dot" });
  return {
    margin: { l: 8, r: 10, t: 6, b: 20 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: colors.font, size: 11, color: colors.text },
    showlegend: false,
    xaxis: { ...axis, nticks: 6, title: { text: "iteration", font: { size: 11, color: colors.muted }, standoff: 6 } },
    yaxis: { ...axis, nticks: 5, exponentformat: "power" },
    shapes: moments.map(({ at, color, dash }) => ({
      ...{ type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1 },
      line: { color, width: 1.5, dash },
    })),
  };
}

followTheme(draw);
draw();
