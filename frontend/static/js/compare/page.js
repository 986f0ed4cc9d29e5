/** The page of comparisons: items or a grid, and the form that saves what is on the screen. */

import { Comparison } from "./comparison.js";
import { listenToGrid } from "./grid.js";
import { Address } from "./state.js";

const address = new Address();

const data = document.getElementById("compare-data");
const root = document.querySelector("[data-compare]");
if (data && root.querySelector("[data-stage]")) new Comparison(root, JSON.parse(data.textContent), address);

const grid = document.querySelector(".compare-grid");
if (grid) listenToGrid(grid);

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) return event.preventDefault();
  if (!event.target.matches("[data-save]")) return;
  address.flush();
  event.target.elements.query.value = location.search.slice(1);
});

// The grid keeps what was zoomed and chosen, but for the pictures themselves.
document.querySelector("[data-back]")?.addEventListener("click", (event) => {
  address.flush();
  const query = new URLSearchParams(location.search);
  query.delete("items");
  event.currentTarget.search = query.toString().replaceAll("%2C", ",").replaceAll("%40", "@");
});
