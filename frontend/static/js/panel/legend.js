/** The runs with their colours and states; a click hides a run or shows it again. */

import { make } from "./dom.js";

export class Legend {
  constructor(onChange) {
    this.onChange = onChange;
    this.hidden = new Set();
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
    return make(
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
  }

  toggle(id) {
    if (!this.hidden.delete(id)) this.hidden.add(id);
    this.onChange();
  }
}

function progress(run) {
  return run.state === "running" ? `${run.iteration} of ${run.total_iterations}` : run.state;
}
