/** A tile: the picture in a box that has its size before the picture comes, and what is known of it. */

import { make } from "../panel/dom.js";
import { sharpen } from "../panel/pixels.js";
import { numbersOf, placeOf } from "./facts.js";
import { playWhilePointedAt } from "./moving.js";

const NUM_COLORS = 8;

/** `wall` has the names and the runs, whether a tile is ticked, and what happens when one is opened or ticked. */
export function makeTile(tile, wall) {
  const image = make("img", {
    alt: tile.prompt,
    loading: "lazy",
    decoding: "async",
    load: () => sharpen(image),
    error: () => button.classList.add("gone"),
  });
  const button = make("button", { type: "button", class: "wall-picture", click: () => wall.open(tile.ref) }, image);
  const tick = make("input", {
    type: "checkbox",
    checked: wall.isTicked(tile.ref),
    "aria-label": `Tick ${tile.prompt}, ${placeOf(tile)}`,
    change: () => wall.tick(tile, tick.checked),
  });
  if (tile.is_video) {
    playWhilePointedAt(button, image, { still: tile.thumbnail, moving: tile.picture });
    button.append(make("span", { class: "wall-video", title: "A video: point at it to play it" }, "▶"));
  }
  image.src = tile.thumbnail;
  return make(
    "li",
    { class: "wall-tile", "data-ref": tile.ref },
    button,
    make("label", { class: "wall-tick" }, tick),
    make("p", { class: "wall-prompt", title: tile.prompt }, tile.prompt),
    make("dl", {}, ...numbersOf(tile, wall.names).flatMap(([name, value]) => [make("dt", { title: name }, name), make("dd", {}, value)])),
    make("p", { class: "wall-place", title: `${tile.run_name}, ${placeOf(tile)}` }, wall.runs.length > 1 ? dot(tile, wall) : null, placeOf(tile)),
  );
}

function dot(tile, wall) {
  const index = wall.runs.findIndex((run) => run.id === tile.run);
  const element = make("span", { class: "wall-dot", role: "img", "aria-label": tile.run_name });
  element.style.setProperty("--dot", `var(--series-${(Math.max(index, 0) % NUM_COLORS) + 1})`);
  return element;
}
