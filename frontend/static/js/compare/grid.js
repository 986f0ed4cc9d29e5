/** The grid: ticked pictures are compared together, and a choice is shown at once. */

import { sharpen } from "../panel/pixels.js";

const MOST = 8;

export function listenToGrid(section) {
  for (const image of section.querySelectorAll("[data-cell] img")) {
    if (image.complete) sharpen(image);
    else image.addEventListener("load", () => sharpen(image));
  }
  const bar = section.querySelector("[data-picked]");
  if (!bar) return;
  const ticks = () => [...section.querySelectorAll("[data-tick]")];
  const show = () => {
    const picked = ticks().filter((tick) => tick.checked).map((tick) => tick.value);
    const items = [...new Set(picked)];
    bar.hidden = !items.length;
    bar.querySelector("[data-picked-count]").textContent = items.length === 1 ? "1 picture" : `${items.length} pictures`;
    for (const tick of ticks()) tick.disabled = !tick.checked && items.length >= MOST;
    const query = new URLSearchParams(location.search);
    query.set("items", items.join(","));
    query.delete("pair");
    bar.querySelector("[data-picked-open]").search = query.toString().replaceAll("%2C", ",").replaceAll("%40", "@");
  };
  section.addEventListener("change", (event) => event.target.matches("[data-tick]") && show());
  bar.querySelector("[data-picked-clear]").addEventListener("click", () => {
    for (const tick of ticks()) tick.checked = false;
    show();
  });
  // The browser keeps ticks when one comes back.
  addEventListener("pageshow", show);
  for (const select of section.querySelectorAll("[data-choices] select")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
}
