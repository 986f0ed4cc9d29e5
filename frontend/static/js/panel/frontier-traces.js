/** From checkpoints with two values to what Plotly draws. */

import { estimate, sharedName } from "./seeds.js";

/** A run for each group of seeds: at each iteration that several have come to, their mean with its interval. */
export function meanPoints(runs) {
  const groups = new Map();
  for (const run of runs) groups.set(run.group, [...(groups.get(run.group) ?? []), run]);
  return [...groups.values()].map((members) => (members.length === 1 ? members[0] : meanRun(members)));
}

function meanRun(members) {
  const found = new Map();
  for (const run of members) {
    for (const point of run.points) found.set(point.iteration, [...(found.get(point.iteration) ?? []), { run, point }]);
  }
  const points = [...found]
    .filter(([, seeds]) => seeds.length > 1)
    .map(([iteration, seeds]) => ({
      iteration,
      x: interval(seeds.map(({ point }) => point.x[0])),
      y: interval(seeds.map(({ point }) => point.y[0])),
      num: seeds.length,
      policies: seeds.flatMap(({ point }) => point.policies),
    }));
  return { ...members[0], name: `${sharedName(members.map((run) => run.name))} (${members.length} seeds)`, points };
}

function interval(values) {
  const { mean, half } = estimate(values);
  return [mean, mean - half, mean + half];
}

/** A line for each run along its iterations, then the edge over them. */
export function pointTraces(runs, edge, { across, up, colors, intervals }) {
  const lines = runs.filter((run) => run.points.length).map((run) => lineOf(run, { across, up, colors, intervals }));
  return edge.length > 1 ? [...lines, edgeTrace(edge, colors)] : lines;
}

function lineOf(run, { across, up, colors, intervals }) {
  const color = colors.ofRun(run.index);
  const points = [...run.points].sort((a, b) => a.iteration - b.iteration);
  return {
    x: points.map((point) => point.x[0]),
    y: points.map((point) => point.y[0]),
    ...(intervals && { error_x: bars(points, "x", color), error_y: bars(points, "y", color) }),
    customdata: points.map((point) => point.policies),
    text: points.map((point) => words(point, across, up)),
    name: run.name,
    type: "scatter",
    mode: "lines+markers",
    line: { color, width: 1 },
    marker: { color, size: 8, opacity: 0.9 },
    hovertemplate: "%{text}<extra>%{fullData.name}</extra>",
  };
}

function edgeTrace(edge, colors) {
  return {
    x: edge.map(({ point }) => point.x[0]),
    y: edge.map(({ point }) => point.y[0]),
    name: "not beaten",
    type: "scatter",
    mode: "lines",
    line: { color: colors.text, width: 1.5, dash: "dot" },
    hoverinfo: "skip",
  };
}

function bars(points, axis, color) {
  return {
    type: "data",
    symmetric: false,
    array: points.map(({ [axis]: [mean, , high] }) => (high == null ? 0 : high - mean)),
    arrayminus: points.map(({ [axis]: [mean, low] }) => (low == null ? 0 : mean - low)),
    color,
    thickness: 1,
    width: 3,
  };
}

function words({ iteration, x, y, num }, across, up) {
  const where = iteration === 0 ? "base model" : `iteration ${iteration}`;
  const seeds = num ? `, n=${num}` : "";
  return `${where}${seeds}<br>${up.title}: ${withInterval(y)}<br>${across.title}: ${withInterval(x)}`;
}

export function withInterval([mean, low, high]) {
  const value = figure(mean);
  return low == null || low === high ? value : `${value} (${figure(low)} to ${figure(high)})`;
}

export function figure(value) {
  return Number(value.toPrecision(4)).toString();
}
