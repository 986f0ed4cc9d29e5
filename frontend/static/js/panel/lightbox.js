/** One picture in full, with everything that is known of it. */

import { make } from "./dom.js";
import { formatNumber, shortNames } from "./names.js";
import { sharpen } from "./pixels.js";

const MARGIN = 8;

/** What is known of a sample, as names and texts: these scores (or else all that it has), and its seed. */
export function describe(sample, scores = []) {
  const wanted = scores.filter((name) => name in sample.rewards);
  const names = shortNames(wanted.length ? wanted : Object.keys(sample.rewards).sort());
  const values = [...names].map(([name, short]) => [short, formatNumber(sample.rewards[name])]);
  return [...values, ["seed", String(sample.seed)]];
}

/** Opens over the tile that was clicked: inside a frame, the middle of the window may be far off the screen. */
export function openPicture(sample, tile) {
  const image = make("img", { src: sample.picture, alt: sample.prompt, load: () => sharpen(image) });
  const dialog = make(
    "dialog",
    { class: "lightbox", close: () => dialog.remove(), click: (event) => event.target === dialog && dialog.close() },
    make(
      "div",
      {},
      image,
      make("p", {}, sample.prompt),
      make("dl", {}, ...describe(sample).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
      make("button", { type: "button", click: () => dialog.close() }, "Close"),
    ),
  );
  document.querySelector("#panel-view").append(dialog);
  dialog.showModal();
  const { top, height } = tile.getBoundingClientRect();
  const highest = window.innerHeight - dialog.offsetHeight - MARGIN;
  dialog.style.top = `${Math.max(MARGIN, Math.min(top + (height - dialog.offsetHeight) / 2, highest))}px`;
}
