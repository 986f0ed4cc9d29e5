/** The controls above the wall: they say what the address says, and tell when a person wants something else. */

import { make, setText } from "../panel/dom.js";
import { readQuery } from "./address.js";
import { Names, REWARD } from "./facts.js";
import { Ranges } from "./ranges.js";

const TYPING = 300;
const SLIDING = 120;

export class Controls {
  /** `change(entries)` is called with what is to stand in the address. */
  constructor(form, change) {
    this.form = form;
    this.change = change;
    this.steps = form.querySelector(".wall-steps");
    this.slider = form.querySelector("#wall-step");
    this.label = form.querySelector(".wall-steps output");
    this.sort = form.elements.sort;
    this.direction = form.querySelector("[data-direction]");
    this.ranges = new Ranges(form.querySelector(".wall-ranges"), (entries) => this.later(TYPING, entries));
    this.waiting = { timer: null, entries: {} };
    this.listen();
  }

  listen() {
    const { form } = this;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.q.addEventListener("input", () => this.later(TYPING, { q: form.elements.q.value }));
    form.elements.kind.addEventListener("change", () => this.later(0, { kind: form.elements.kind.value, step: "" }));
    form.elements.view.addEventListener("change", () =>
      this.later(0, { view: form.elements.view.checked ? "groups" : "", kind: "" }),
    );
    this.sort.addEventListener("change", () => this.later(0, { sort: this.sort.value && `-${this.sort.value}` }));
    this.direction.addEventListener("click", () => this.later(0, { sort: `${this.falls ? "" : "-"}${this.sort.value}` }));
    this.slider.addEventListener("input", () => {
      const step = this.answer.steps[this.slider.valueAsNumber];
      setText(this.label, `iteration ${step}`);
      this.later(SLIDING, { step: step === this.answer.steps.at(-1) ? "" : step });
    });
    for (const button of this.steps.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.later(0, { step: button.dataset.step }));
    }
  }

  /** Changes that come close together are asked for once. */
  later(wait, entries) {
    clearTimeout(this.waiting.timer);
    this.waiting.entries = { ...this.waiting.entries, ...entries };
    this.waiting.timer = setTimeout(() => {
      const all = this.waiting.entries;
      this.waiting.entries = {};
      this.change(all);
    }, wait);
  }

  show(answer, query) {
    this.answer = answer;
    const { form } = this;
    const asGroups = query.get("view") === "groups";
    if (document.activeElement !== form.elements.q) form.elements.q.value = query.get("q") ?? "";
    form.elements.kind.value = asGroups ? "rollout" : (query.get("kind") ?? "");
    form.elements.kind.disabled = asGroups;
    form.elements.view.checked = asGroups;
    const names = new Names(Object.keys(answer.rewards));
    this.showSort(query.get("sort") ?? "", names, asGroups);
    this.showSteps(answer, query);
    this.ranges.show(answer, query, names);
  }

  /** More iterations have pictures now; the one that is shown stays. */
  gain(steps) {
    if (Object.keys(this.waiting.entries).length || steps.join() === this.answer.steps.join()) return;
    this.answer = { ...this.answer, steps };
    this.showSteps(this.answer, readQuery());
  }

  showSort(sort, names, asGroups) {
    this.falls = sort.startsWith("-");
    const wanted = sort.replace(/^-/, "");
    const quantities = ["advantage", "kl", ...Object.keys(this.answer.rewards).map((name) => REWARD + name), "seed", "iteration", "prompt"];
    const choices = [["", asGroups ? "Best first" : "Newest first"], ...quantities.map((one) => [one, `By ${names.of(one)}`])];
    this.sort.replaceChildren(...choices.map(([value, text]) => make("option", { value, selected: value === wanted }, text)));
    this.direction.disabled = !wanted;
    setText(this.direction, this.falls || !wanted ? "↓" : "↑");
    this.direction.title = this.falls ? "The highest first" : "The lowest first";
  }

  showSteps({ steps, step }, query) {
    this.steps.hidden = !steps.length;
    this.slider.hidden = steps.length < 2;
    this.slider.max = Math.max(steps.length - 1, 0);
    this.slider.value = step == null ? steps.length - 1 : steps.indexOf(step);
    setText(this.label, step == null ? "all iterations" : `iteration ${step}`);
    this.slider.setAttribute("aria-valuetext", this.label.textContent);
    for (const button of this.steps.querySelectorAll("[data-step]")) {
      button.setAttribute("aria-pressed", String(button.dataset.step === (query.get("step") ?? "")));
    }
  }
}
