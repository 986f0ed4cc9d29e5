/** Small multiples: a small chart for each panel, all on the same axes, which move together. */

export const LEAST_WIDTH = 190;
const HEIGHT = 130;
const HEAD = 20;
const GAP = 12;
const FOOT = 34;
const PIXELS_A_LETTER = 6.5;

export function numColumns(width, num) {
  return Math.max(1, Math.min(num, Math.floor(width / LEAST_WIDTH)));
}

/** `panels` of `{title, traces}` as one figure: its traces, axes (without their looks), titles and height in pixels. */
export function layOut(panels, width) {
  const columns = numColumns(width, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const inner = rows * HEIGHT;
  const figure = { traces: [], axes: {}, annotations: [], height: inner + FOOT };
  panels.forEach(({ title, traces }, index) => {
    const number = index ? index + 1 : "";
    const [column, row] = [index % columns, Math.floor(index / columns)];
    const x = [column / columns + (column ? GAP / width : 0), (column + 1) / columns];
    const y = [1 - (row + 1) / rows + GAP / inner / 2, 1 - row / rows - HEAD / inner];
    figure.axes[`xaxis${number}`] = {
      ...{ domain: x, anchor: `y${number}`, showticklabels: index + columns >= panels.length, nticks: 4 },
      ...(index && { matches: "x" }),
    };
    figure.axes[`yaxis${number}`] = {
      ...{ domain: y, anchor: `x${number}`, showticklabels: column === 0, nticks: 4 },
      ...(index && { matches: "y" }),
    };
    figure.annotations.push(heading(title, x[0], y[1], width / columns));
    figure.traces.push(...traces.map((trace) => ({ ...trace, xaxis: `x${number}`, yaxis: `y${number}` })));
  });
  return figure;
}

function heading(title, x, y, width) {
  const most = Math.floor(width / PIXELS_A_LETTER);
  const text = title.length > most ? `${title.slice(0, most - 1)}…` : title;
  return {
    ...{ text: escape(text), x, y, xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom" },
    ...{ showarrow: false, hovertext: escape(title) },
  };
}

/** Plotly reads tags in texts. */
function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
