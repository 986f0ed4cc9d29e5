/** The page of a sweep: its picture, and what its controls do by themselves. */

import { drawPicture } from "./picture.js";

const PLOTLY = new URL("../../plotly/plotly.min.js", import.meta.url);

document.addEventListener("change", (event) => event.target.closest("[data-submit]")?.form.requestSubmit());
document.addEventListener("click", (event) => {
  const question = event.target.closest("[data-confirm]")?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
let loading = null;

document.addEventListener("htmx:afterSettle", draw);
window.addEventListener("storage", draw);
document.addEventListener("click", (event) => event.target.closest("[data-theme-toggle]") && setTimeout(draw));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();

async function draw() {
  for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
  const place = document.querySelector("[data-sweep-picture]");
  if (!place) return;
  await loadPlotly();
  drawPicture(place, JSON.parse(document.getElementById("sweep-picture-data").textContent));
}

function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = PLOTLY;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return loading;
}
