/** From what the store has of the runs to what Plotly draws. */

import { nameOfPromptSet } from "./names.js";
import { placesOf, placesOfRows } from "./places.js";
import { smooth } from "./smoothing.js";

const DASHES = ["solid", "dot", "dash", "dashdot"];
const SYMBOLS = ["circle", "diamond", "square", "triangle-up"];

/** One metric of every run; under a smoothed line the points themselves stay visible, faintly. */
export function curveTraces(runs, key, view, colors) {
  return runs.flatMap((run) => {
    const curve = run.series[key];
    if (!curve) return [];
    const line = { color: colors.ofRun(run.index), width: 1.75 };
    if (run.isMean) return meanTraces(run, curve, view, line);
    const main = {
      x: placesOf(run, view.x, curve),
      y: smooth(curve.value, view.smooth),
      name: run.name,
      type: "scatter",
      mode: curve.value.length === 1 ? "markers" : "lines",
      line,
      marker: { color: line.color, size: 5 },
      hovertemplate: "%{y:.4g}<extra>%{fullData.name}</extra>",
    };
    if (!view.smooth) return [main];
    return [{ ...main, y: curve.value, opacity: 0.22, line: { ...line, width: 1 }, hoverinfo: "skip", hovertemplate: null }, main];
  });
}

/** The mean over seeds in a band of its 95 % interval. */
function meanTraces(run, curve, view, line) {
  const x = placesOf(run, view.x, curve);
  const edge = { x, type: "scatter", mode: "lines", line: { width: 0, color: line.color }, hoverinfo: "skip" };
  return [
    { ...edge, y: curve.value.map((value, i) => value - curve.half[i]) },
    { ...edge, y: curve.value.map((value, i) => value + curve.half[i]), fill: "tonexty", fillcolor: `${line.color}2e` },
    {
      x,
      y: curve.value,
      customdata: curve.num.map((num, i) => [num, curve.half[i]]),
      name: run.name,
      type: "scatter",
      mode: curve.value.length === 1 ? "markers" : "lines",
      line,
      marker: { color: line.color, size: 5 },
      hovertemplate: "%{y:.4g} ± %{customdata[1]:.2g}, n=%{customdata[0]}<extra>%{fullData.name}</extra>",
    },
  ];
}

/** What lost attempts had written of a metric, paler and dashed: it counts no longer. */
export function lostTraces(runs, lost, key, view, colors) {
  return runs.flatMap((run) =>
    (lost[run.id] ?? []).flatMap(({ number, series, clock }) => {
      const curve = series[key];
      if (!curve) return [];
      return [
        {
          x: placesOf({ ...run, clock }, view.x, curve),
          y: smooth(curve.value, view.smooth),
          name: `${run.name}, attempt ${number}, lost`,
          type: "scatter",
          mode: "lines",
          opacity: 0.55,
          line: { color: colors.ofRun(run.index), width: 1.25, dash: "dash" },
          hovertemplate: "%{y:.4g}<extra>%{fullData.name}</extra>",
        },
      ];
    }),
  );
}

/** A score on held-out prompts with its 95 % interval: a colour for each run, a symbol for each prompt set. */
export function scoreTraces(runs, promptSets, score, view, colors) {
  return eachSet(runs, promptSets, score, ({ run, rows, promptSet, index }) => ({
    x: placesOfRows(run, view.x, rows),
    y: rows.map((row) => row.scores[score][0]),
    error_y: errorBars(rows, score, colors.ofRun(run.index)),
    name: `${run.name}, ${nameOfPromptSet(promptSet)}`,
    ...look(colors.ofRun(run.index), index),
    hovertemplate: "%{y:.4g} (+%{error_y.array:.2g}, −%{error_y.arrayminus:.2g})<extra>%{fullData.name}</extra>",
  }));
}

/** The same scores against the distance from the base model: up and to the left is better. */
export function frontierTraces(runs, promptSets, score, colors) {
  return eachSet(runs, promptSets, score, ({ run, rows, promptSet, index }) => {
    const measured = rows.filter((row) => row.kl != null);
    return {
      x: measured.map((row) => row.kl),
      y: measured.map((row) => row.scores[score][0]),
      error_y: errorBars(measured, score, colors.ofRun(run.index)),
      text: measured.map((row) => `iteration ${row.iteration}`),
      name: `${run.name}, ${nameOfPromptSet(promptSet)}`,
      ...look(colors.ofRun(run.index), index),
      hovertemplate: "%{text}: %{y:.4g} at %{x:.3g} nats<extra>%{fullData.name}</extra>",
    };
  }).filter((trace) => trace.x.length);
}

/** Symbols that tell prompt sets apart, as text for a key. */
export function symbolOfSet(index) {
  return ["●", "◆", "■", "▲"][index % SYMBOLS.length];
}

function eachSet(runs, promptSets, score, trace) {
  return runs.flatMap((run) =>
    promptSets.flatMap((promptSet, index) => {
      const rows = run.evaluations
        .filter((row) => row.prompt_set === promptSet && row.scores[score]?.[0] != null)
        .sort((a, b) => a.iteration - b.iteration);
      return rows.length ? [trace({ run, rows, promptSet, index })] : [];
    }),
  );
}

function errorBars(rows, score, color) {
  return {
    type: "data",
    symmetric: false,
    array: rows.map((row) => row.scores[score][2] - row.scores[score][0]),
    arrayminus: rows.map((row) => row.scores[score][0] - row.scores[score][1]),
    color,
    thickness: 1,
    width: 3,
  };
}

function look(color, index) {
  return {
    type: "scatter",
    mode: "lines+markers",
    line: { color, width: 1.25, dash: DASHES[index % DASHES.length] },
    marker: { color, size: 7, symbol: SYMBOLS[index % SYMBOLS.length] },
  };
}
