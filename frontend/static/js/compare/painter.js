/** Draws what is on the screen: every picture by itself, or a pair of them on the big canvas. */

import { drawFrame } from "./camera.js";
import { DifferenceMap } from "./difference.js";

const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };

export class Painter {
  constructor(big, figures) {
    this.big = big;
    this.figures = figures;
    this.map = new DifferenceMap();
  }

  /** Returns what the difference map has to tell, if there is one. */
  draw(state, sources, isSwapped) {
    const isSide = state.mode === "side";
    const frames = sources.map((source) => source?.frameAt(state.time) ?? null);
    for (const [index, canvas] of this.figures.canvases.entries()) paint(canvas, frames[index], isSide ? state : WHOLE);
    this.frames = frames;
    const [first, second] = [frames[state.first - 1], frames[state.second - 1]];
    if (isSide || !first || !second) return null;
    if (state.mode === "flicker") paint(this.big, isSwapped ? second : first, state);
    if (state.mode === "wipe") this.wipe(first, second, state);
    return state.mode === "difference" ? this.subtract(first, second, state) : null;
  }

  /** The first on the left of the line, the second on its right. */
  wipe(first, second, state) {
    const context = paint(this.big, second, state);
    const edge = (this.big.width * state.wipe) / 100;
    context.save();
    context.beginPath();
    context.rect(0, 0, edge, this.big.height);
    context.clip();
    context.clearRect(0, 0, edge, this.big.height);
    drawFrame(this.big, first, state);
    context.restore();
    for (const [color, width] of [["#000", 3], ["#fff", 1]]) {
      context.fillStyle = color;
      context.fillRect(edge - width / 2, 0, width, this.big.height);
    }
  }

  subtract(first, second, state) {
    const frame = this.map.of(first, second, state.gain, `${state.shown} ${state.first} ${first.name} ${state.second} ${second.name} ${state.gain}`);
    paint(this.big, frame, state);
    return frame.told;
  }
}

function paint(canvas, frame, camera) {
  const context = canvas.getContext("2d");
  // One whose frame is on its way keeps what it shows.
  if (!frame || !canvas.width) return context;
  context.clearRect(0, 0, canvas.width, canvas.height);
  drawFrame(canvas, frame, camera);
  return context;
}
