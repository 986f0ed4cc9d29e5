/** Which part of each chart is looked at, as the address has it: `zoom=CHART*x0*x1*y0*y1,…`, empty where all is shown. */

const DIGITS = 6;
const AXES = ["x", "y"];

export class Zooms {
  /** `onChange(text)` gets what the address is to say, null where nothing is narrowed. */
  constructor(text, onChange) {
    this.byChart = new Map((text ?? "").split(",").map(read).filter(Boolean));
    this.onChange = onChange;
  }

  /** `{x, y}` of a chart, each a range or null. */
  of(chart) {
    return this.byChart.get(chart) ?? { x: null, y: null };
  }

  set(chart, { x, y }) {
    if (x || y) this.byChart.set(chart, { x, y });
    else if (!this.byChart.delete(chart)) return;
    this.onChange([...this.byChart].map(write).join() || null);
  }

  clear(chart) {
    this.set(chart, { x: null, y: null });
  }
}

function write([chart, zoom]) {
  return [chart, ...AXES.flatMap((axis) => zoom[axis] ?? ["", ""]).map(short)].join("*");
}

function short(value) {
  return value === "" ? "" : String(Number(value.toPrecision(DIGITS)));
}

function read(text) {
  const [chart, ...ends] = text.split("*");
  if (ends.length !== 4) return null;
  const range = (low, high) => (low !== "" && high !== "" && isFinite(low) && isFinite(high) ? [Number(low), Number(high)] : null);
  return [chart, { x: range(ends[0], ends[1]), y: range(ends[2], ends[3]) }];
}
