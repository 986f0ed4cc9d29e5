/** The runs with their colours and states; a click hides a run or shows it again. */

import { readHidden, writeAddress } from "./address.js";
import { make } from "./dom.js";

export class Legend {
  /** `runs` are the ids of the address, which says by their places which of them are hidden. */
  constructor(runs, onChange) {
    this.runs = runs;
    this.onChange = onChange;
    this.hidden = new Set(readHidden(runs));
    this.element = make("div", { class: "legend", role: "group", "aria-label": "Runs" });
    this.drawn = "";
  }

  shown(runs) {
    return runs.filter((run) => !this.hidden.has(run.id));
  }

  draw(runs, colors) {
    const content = JSON.stringify([runs.map((run) => [run.id, run.name, progress(run)]), [...this.hidden], colors]);
    if (content === this.drawn) return;
    this.drawn = content;
    const focused = document.activeElement?.dataset?.run;
    this.element.replaceChildren(...runs.map((run) => this.chip(run, colors)));
    if (focused) this.element.querySelector(`[data-run="${focused}"]`)?.focus();
  }

  chip(run, colors) {
    const button = make(
      "button",
      {
        type: "button",
        "data-run": run.id,
        "aria-pressed": String(!this.hidden.has(run.id)),
        title: "Show or hide this run",
        style: `--run-color: ${colors.ofRun(run.index)}`,
        click: () => this.toggle(run.id),
      },
      make("span", { class: "dot" }),
      make("span", { class: "name" }, run.name),
      make("span", { class: "state" }, progress(run)),
    );
    return make("span", { class: "run" }, button, opener(run));
  }

  toggle(id) {
    if (!this.hidden.delete(id)) this.hidden.add(id);
    const places = this.runs.flatMap((run, place) => (this.hidden.has(run) ? [place] : []));
    writeAddress({ hide: places.join() || null });
    this.onChange();
  }
}

/** To the run's page, but on that page. */
function opener(run) {
  if (window.top.location.pathname === run.url) return null;
  return make("a", { href: run.url, target: "_top", title: `Open ${run.name}`, "aria-label": `Open ${run.name}` }, "↗");
}

function progress(run) {
  return run.state === "running" ? `${run.iteration} of ${run.total_iterations}` : run.state;
}
