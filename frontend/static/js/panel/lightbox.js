/** One picture in full, with everything that is known of it. */

import { make } from "./dom.js";
import { formatNumber } from "./names.js";

const LARGEST_PIXELATED = 128;
const MARGIN = 8;

/** Opens over the tile that was clicked: inside a frame, the middle of the window may be far off the screen. */
export function openPicture(sample, names, tile) {
  const image = make("img", { src: sample.picture, alt: sample.prompt });
  image.addEventListener("load", () => image.classList.toggle("pixelated", image.naturalWidth <= LARGEST_PIXELATED));
  const entries = [...[...names].map(([name, short]) => [short, formatNumber(sample.rewards[name])]), ["seed", sample.seed]];
  const dialog = make(
    "dialog",
    { class: "lightbox", close: () => dialog.remove(), click: (event) => event.target === dialog && dialog.close() },
    make(
      "div",
      {},
      image,
      make("p", {}, sample.prompt),
      make("dl", {}, ...entries.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))])),
      make("button", { type: "button", click: () => dialog.close() }, "Close"),
    ),
  );
  document.querySelector("#panel-view").append(dialog);
  dialog.showModal();
  const { top, height } = tile.getBoundingClientRect();
  const highest = window.innerHeight - dialog.offsetHeight - MARGIN;
  dialog.style.top = `${Math.max(MARGIN, Math.min(top + (height - dialog.offsetHeight) / 2, highest))}px`;
}
