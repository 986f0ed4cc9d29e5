/** The charts of the page: held-out score first, then reward and KL, the frontier, and whatever was picked. */

import { Card } from "./card.js";
import { writeAddress } from "./address.js";
import { make } from "./dom.js";
import { isLogarithmic } from "./logs.js";
import { numColumns } from "./multiples.js";
import { nameOfPromptSet, shortNames } from "./names.js";
import { X_FORMATS, X_TITLES } from "./places.js";
import { curveTraces, frontierTraces, lostTraces, scoreTraces, symbolOfSet } from "./traces.js";

const NUM_LEADING_CURVES = 2;

export class Charts {
  /** `zooms` remembers what part of each chart is looked at; `withFrontier` is whether there is a small frontier. */
  constructor({ score, zooms, withFrontier, onChange }) {
    this.score = score;
    this.zooms = zooms;
    this.scorePicker = make("select", {
      "aria-label": "Score",
      hidden: true,
      change: (event) => {
        this.score = event.target.value;
        writeAddress({ score: this.score });
        onChange();
      },
    });
    this.setKey = make("span", { class: "set-key" });
    this.heldOut = new Card("score", "Held-out score", zooms, this.setKey, this.scorePicker);
    this.heldOut.element.classList.add("wide");
    this.frontier = withFrontier ? new Card("frontier", "Held-out score against KL to the base model", zooms) : null;
    this.curves = new Map();
    this.element = make("div", { class: "charts" }, this.heldOut.element);
    this.placed = "";
    this.followWidth(onChange);
  }

  draw({ runs, allRuns, lost, view, titles, colors }) {
    const promptSets = [...new Set(allRuns.flatMap((run) => run.prompt_sets))];
    const score = this.chooseScore(allRuns);
    this.showSetKey(promptSets);
    this.place(view.keys, titles);
    const zoomKey = `${view.x} ${score}`;
    this.heldOut.draw({
      traces: scoreTraces(runs, promptSets, score, view, colors),
      ...{ colors, zoomKey, xTitle: X_TITLES[view.x], xFormat: X_FORMATS[view.x], hover: "closest" },
      empty: wordsWithoutScores(runs),
    });
    this.frontier?.draw({
      traces: frontierTraces(runs, promptSets, score, colors),
      ...{ colors, zoomKey: score, xTitle: "KL to the base model, nats", hover: "closest" },
      empty: "A point for each evaluation.",
    });
    for (const key of view.keys) {
      const log = isLogarithmic(view.log, key, runs);
      const tracesOf = (some) => [...lostTraces(some, lost, key, view, colors), ...curveTraces(some, key, view, colors)];
      const panels = runs.map((run) => ({ title: run.name, traces: tracesOf([run]) })).filter(({ traces }) => traces.length);
      this.curves.get(key).draw({
        ...(view.multiples ? { panels } : { traces: tracesOf(runs) }),
        ...{ colors, log, zoomKey: `${view.x} ${log}`, xTitle: X_TITLES[view.x], xFormat: X_FORMATS[view.x] },
        empty: "No points yet.",
      });
    }
  }

  /** Small multiples are laid out anew when there is room for more of them, or for fewer. */
  followWidth(onChange) {
    let last = 0;
    new ResizeObserver(() => {
      const columns = numColumns(this.element.clientWidth, Infinity);
      if (last && columns !== last) onChange();
      last = columns;
    }).observe(this.element);
  }

  /** Held-out score, reward, KL, frontier, then the rest: each card is made once and only ever moved. */
  place(keys, titles) {
    const order = keys.join();
    if (order === this.placed) return;
    this.placed = order;
    for (const key of keys) {
      if (!this.curves.has(key)) this.curves.set(key, new Card(key, titles[key] ?? key, this.zooms));
    }
    const cards = keys.map((key) => this.curves.get(key).element);
    if (this.frontier) cards.splice(NUM_LEADING_CURVES, 0, this.frontier.element);
    this.element.replaceChildren(this.heldOut.element, ...cards);
  }

  /** The chosen score, or else one that a run was trained for. */
  chooseScore(runs) {
    const scores = [...new Set(runs.flatMap((run) => run.evaluations.flatMap((row) => Object.keys(row.scores))))].sort();
    const trained = new Set(runs.flatMap((run) => Object.keys(run.rewards).filter((name) => run.rewards[name])));
    const chosen = scores.includes(this.score) ? this.score : (scores.find((name) => trained.has(name)) ?? scores[0]);
    if (scores.join() !== [...this.scorePicker.options].map((option) => option.value).join()) {
      this.scorePicker.replaceChildren(...[...shortNames(scores)].map(([name, short]) => make("option", { value: name }, short)));
    }
    this.scorePicker.hidden = scores.length < 2;
    if (chosen) this.scorePicker.value = chosen;
    return chosen;
  }

  showSetKey(promptSets) {
    const text = promptSets.map((name, index) => `${symbolOfSet(index)} ${nameOfPromptSet(name)}`).join("  ");
    if (this.setKey.textContent !== text) this.setKey.textContent = text;
  }
}

function wordsWithoutScores(runs) {
  if (!runs.length) return "No run is shown.";
  const wait = runs.every((run) => run.state === "queued" && run.iteration === 0);
  return wait ? "Waiting for a worker." : "No evaluation yet: the first comes before iteration 1.";
}
