/** The picture of a sweep: a score against a knob's value, a line for each value of the others; of two knobs a map. */

import { readColors } from "../panel/colors.js";

const CONFIG = { displayModeBar: false, responsive: true, showTips: false };
const LOG_FROM_RATIO = 20;

export function drawPicture(place, picture) {
  const colors = readColors();
  const isMap = picture.axes.length === 2;
  const traces = isMap ? [heatMap(picture, colors)] : lines(picture, colors);
  window.Plotly.react(place, traces, layout(picture, colors, isMap), CONFIG);
}

/** Mean with its interval over seeds, against the first knob; every combination of the other knobs is a line. */
export function lines({ axes, points }, colors) {
  const [axis] = axes;
  const groups = new Map();
  for (const point of points) {
    const key = point.texts.slice(1).map((text, i) => `${axes[i + 1].label} ${text}`).join(", ");
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups].map(([name, members], index) => {
    const known = members.filter((point) => point.mean != null);
    const color = colors.ofRun(index);
    return {
      x: known.map((point) => valueOf(axis, point.texts[0])),
      y: known.map((point) => point.mean),
      error_y: { type: "data", array: known.map((point) => point.half_width ?? 0), color, thickness: 1.25, width: 4 },
      customdata: known.map((point) => [point.num, point.half_width == null ? "no interval" : `± ${point.half_width.toPrecision(2)}`]),
      name,
      type: "scatter",
      mode: axis.is_number ? "lines+markers" : "markers",
      line: { color, width: 1.5 },
      marker: { color, size: 8 },
      hovertemplate: "%{x}: %{y:.4g} %{customdata[1]}, n=%{customdata[0]}<extra>%{fullData.name}</extra>",
    };
  });
}

/** Two knobs: colour and figure are the mean. */
export function heatMap({ axes, points, title }, colors) {
  const [down, across] = axes;
  const find = (row, column) => points.find((point) => point.texts[0] === row && point.texts[1] === column);
  const cells = down.texts.map((row) => across.texts.map((column) => find(row, column)));
  return {
    type: "heatmap",
    x: across.texts,
    y: down.texts,
    z: cells.map((row) => row.map((point) => point?.mean ?? null)),
    text: cells.map((row) => row.map(words)),
    texttemplate: "%{text}",
    colorscale: "Viridis",
    colorbar: { outlinewidth: 0, tickfont: { color: colors.muted, size: 11 }, thickness: 12 },
    xgap: 2,
    ygap: 2,
    hovertemplate: `${down.label} %{y}, ${across.label} %{x}<br>${title} %{text}<extra></extra>`,
  };
}

function words(point) {
  if (point?.mean == null) return "";
  const interval = point.half_width == null ? "" : ` ± ${point.half_width.toPrecision(2)}`;
  return `${point.mean.toPrecision(3)}${interval} (n=${point.num})`;
}

function valueOf(axis, text) {
  return axis.is_number ? axis.values[axis.texts.indexOf(text)] : text;
}

function layout({ axes, title }, colors, isMap) {
  const [x, y] = isMap ? [axes[1], axes[0]] : [axes[0], null];
  const axis = { gridcolor: colors.border, linecolor: colors.border, zeroline: false, automargin: true, tickfont: { color: colors.muted, size: 11 } };
  const isLog = !isMap && x.is_number && isWide(x.values);
  const titled = (text) => ({ text, font: { size: 12, color: colors.muted }, standoff: 8 });
  return {
    margin: { l: 8, r: 10, t: 10, b: 8 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: colors.font, size: 12, color: colors.text },
    showlegend: !isMap && axes.length > 1,
    hoverlabel: { bgcolor: colors.surface, bordercolor: colors.border, font: { color: colors.text, size: 12 } },
    dragmode: false,
    xaxis: { ...axis, title: titled(x.label), type: isMap || !x.is_number ? "category" : isLog ? "log" : "linear", dtick: isLog ? 1 : null, exponentformat: "power" },
    yaxis: { ...axis, title: titled(isMap ? y.label : title), type: isMap ? "category" : "linear" },
  };
}

/** Whether values span so much that only a logarithmic axis shows them apart. */
function isWide(values) {
  const low = Math.min(...values);
  return low > 0 && Math.max(...values) / low >= LOG_FROM_RATIO;
}
