/** The wall of pictures: what the address asks for, drawn from the page's first answer and from what is asked later. */

import { setText } from "../panel/dom.js";
import { keepTicks } from "../curves/picker.js";
import { readQuery, writeQuery } from "./address.js";
import { Controls } from "./controls.js";
import { News } from "./news.js";
import { Ticks } from "./ticks.js";
import { Viewer } from "./viewer.js";
import { Wall } from "./wall.js";

keepTicks(document.querySelector("form[data-run-picker]"));
const section = document.getElementById("wall-page");
const first = JSON.parse(document.getElementById("wall-data").textContent);

function addressOf(extra) {
  const query = readQuery();
  for (const name of ["open", "ticked"]) query.delete(name);
  // The page chose them where the address does not; later pages are of the same.
  if (!query.has("runs") && !query.has("policies")) query.set("runs", first.runs.map((run) => run.id).join());
  for (const [name, value] of Object.entries(extra)) query.set(name, value);
  return `${section.dataset.tiles}?${query}`;
}

async function ask(extra = {}) {
  try {
    const response = await fetch(addressOf(extra));
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  } catch (error) {
    setText(wall.count, `${error.message} Change something above to try again.`);
    return null;
  }
}

let asked = 0;

async function change(entries) {
  const query = writeQuery(entries);
  const number = (asked += 1);
  section.setAttribute("aria-busy", "true");
  const answer = await ask();
  // A later change has overtaken this one.
  if (number !== asked) return;
  section.removeAttribute("aria-busy");
  if (answer) draw(answer, query);
}

function draw(answer, query) {
  controls.show(answer, query);
  wall.show(answer, query.get("view") === "groups");
  news.seen(answer);
}

const ticks = new Ticks(section.querySelector(".wall-ticked"), readQuery().get("ticked"), (ticked) => writeQuery({ ticked }));
const wall = new Wall(section, (place) => ask({ place }), {
  open: (ref) => viewer.open(wall.tiles.find((tile) => tile.ref === ref)),
  tick: (tile, isTicked) => ticks.set(tile.ref, isTicked),
  isTicked: (ref) => ticks.has(ref),
});
const viewer = new Viewer(wall, ticks, (open) => writeQuery({ open }));
const controls = new Controls(section.querySelector(".wall-controls"), change);
const news = new News(section.querySelector(".wall-news"), addressOf, {
  gain: (steps) => section.hasAttribute("aria-busy") || controls.gain(steps),
  show: () => change({}).then(() => scrollTo({ top: 0 })),
});

draw(first, readQuery());
if (first.opened) viewer.open(first.opened);
