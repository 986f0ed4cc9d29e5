/** The unbeaten points in words, each with a link to its samples: for the keyboard, and for those who see no chart. */

import { make } from "./dom.js";
import { withInterval } from "./frontier-traces.js";
import { samplesLink } from "./samples-link.js";

export class EdgeTable {
  constructor() {
    this.summary = make("summary", {});
    this.body = make("tbody", {});
    this.head = make("tr", {});
    const table = make("table", {}, make("thead", {}, this.head), this.body);
    this.element = make("details", { class: "edge-table", open: true }, this.summary, make("div", { class: "scroll" }, table));
    this.drawn = "";
  }

  draw(edge, { across, up }) {
    const rows = edge.map(({ run, point }) => [
      point.iteration ? run.name : "Base model",
      String(point.iteration),
      withInterval(point.x),
      withInterval(point.y),
      samplesLink(point),
    ]);
    const content = JSON.stringify([rows, across.title, up.title]);
    if (content === this.drawn) return;
    this.drawn = content;
    this.element.hidden = !rows.length;
    this.summary.textContent = rows.length === 1 ? "The point that no other one beats" : `The ${rows.length} points that no other one beats`;
    const heads = ["Run", "Iteration", across.title, up.title, ""];
    this.head.replaceChildren(...heads.map((text) => make("th", { scope: "col" }, text)));
    this.body.replaceChildren(
      ...rows.map(([name, iteration, x, y, link]) =>
        make("tr", {}, ...[name, iteration, x, y].map((text) => make("td", {}, text)), make("td", {}, opener(link, name, iteration))),
      ),
    );
  }
}

function opener(link, name, iteration) {
  return make("a", { href: link, target: "_top", "aria-label": `Samples of ${name} at iteration ${iteration}` }, "Samples");
}
