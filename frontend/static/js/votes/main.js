/** The page on which a person votes: the pair before them, the next one fetched meanwhile, answers sent in their order. */

import { isTaken } from "../keys/typing.js";
import { keepPictures, picturesOf } from "./pictures.js";
import { post } from "./post.js";
import { makeZoom } from "./zoom.js";

const ANSWERS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "tie", ArrowDown: "bad" };

const section = document.getElementById("ballot");
const find = (selector) => document.querySelector(selector);

if (section) start();

function start() {
  const answers = [...section.querySelectorAll("[data-answer]")];
  const undoes = [...document.querySelectorAll("[data-undo-last]")];
  const toggleZoom = makeZoom(section, section.querySelector("[data-zoom]"));
  let waiting = [];
  let shown = null;
  let isReady = false;
  let sending = Promise.resolve();
  const sent = new Set();
  const failed = new Set();

  const send = (address, fields, id) => {
    if (id) sent.add(id);
    sending = sending.then(async () => {
      try {
        const state = await post(address, fields);
        sent.delete(id);
        take(state);
      } catch (error) {
        sent.delete(id);
        tell(error.message);
        await post(section.dataset.next).then(take, () => undefined);
      }
    });
  };

  function take(state) {
    if (!state.is_open) return location.reload();
    waiting = state.ballots.filter((ballot) => !sent.has(ballot.id));
    keepPictures(waiting);
    tellProgress(state);
    for (const button of undoes) button.disabled = state.num_own === 0;
    const isDone = state.ballots.length === 0;
    const wasDone = section.hidden;
    section.hidden = isDone;
    find("#ballots-done").hidden = !isDone;
    if (isDone && !wasDone) find("#ballots-done h2").focus();
    show(waiting[0] ?? null);
  }

  async function show(ballot) {
    if (ballot && shown?.id === ballot.id) return;
    shown = ballot;
    setReady(false);
    if (!ballot) return;
    const { left, right, ready } = picturesOf(ballot);
    try {
      await ready;
    } catch {
      if (shown === ballot) replace(ballot);
      return;
    }
    if (shown !== ballot) return;
    toggleZoom(false);
    find("#ballot-prompt").textContent = ballot.prompt;
    section.querySelector('[data-side="left"]').replaceChildren(left);
    section.querySelector('[data-side="right"]').replaceChildren(right);
    section.dataset.shown = ballot.id;
    setReady(true);
  }

  /** The server no longer issues a pair that has lost a picture; one that it still issues may come the second time. */
  function replace(ballot) {
    shown = null;
    if (failed.has(ballot.id)) return tell("A picture of this pair could not be fetched: load the page again.");
    failed.add(ballot.id);
    send(section.dataset.next);
  }

  function setReady(is) {
    isReady = is;
    for (const button of answers) button.disabled = !is;
  }

  function answer(said) {
    if (!isReady) return;
    tell("");
    const ballot = shown;
    waiting = waiting.filter((one) => one.id !== ballot.id);
    show(waiting[0] ?? null);
    send(ballot.answer, { answer: said }, ballot.id);
  }

  const undo = () => {
    tell("");
    send(section.dataset.undo);
  };

  for (const button of answers) button.addEventListener("click", letGo(() => answer(button.dataset.answer)));
  for (const button of undoes) button.addEventListener("click", letGo(undo));
  document.addEventListener("keydown", (event) => {
    if (isTaken(event) || event.repeat || document.querySelector("dialog:modal")) return;
    if (ANSWERS[event.key] && !section.hidden) answer(ANSWERS[event.key]);
    else if (event.key === "u" && !undoes[0].disabled) undo();
    else if (event.key === " " && !event.target.closest("button, a, summary") && !section.hidden) toggleZoom();
    else return;
    event.preventDefault();
  });
  send(section.dataset.next);
}

/** After a click with the mouse the button keeps no focus: the space bar, which enlarges, would press it again. */
function letGo(deed) {
  return (event) => {
    if (event.detail) event.currentTarget.blur();
    deed();
  };
}

function tellProgress(state) {
  const pairs = state.num_pairs === 1 ? "pair" : "pairs";
  const people = state.num_people === 1 ? "person" : "people";
  find("#vote-progress").textContent = `${state.num_own} of ${state.num_pairs} ${pairs}; ${state.num_people} ${people}`;
  find("#to-results").textContent = state.sees_results ? "Results" : `Results after ${state.num_missing} more`;
}

function tell(problem) {
  find("#ballot-problem").textContent = problem;
}
