/** Threads of comments, beyond what htmx does: calling people, sending by key, and a refresh that disturbs nobody. */

import { Mentions } from "./mentions.js";

const started = new WeakSet();

function start() {
  for (const box of document.querySelectorAll("textarea[data-mentions]")) {
    if (started.has(box)) continue;
    started.add(box);
    new Mentions(box);
  }
}

const pointOut = () => document.querySelector(".comment.pointed-out")?.scrollIntoView({ block: "center" });

// Nobody looks, or somebody changes a comment of theirs: what is new can wait.
document.addEventListener("htmx:beforeRequest", (event) => {
  const list = event.target;
  if (list.id === "comment-list" && (document.hidden || list.querySelector(".editing"))) event.preventDefault();
});

// An answer that says what is wrong with a comment replaces the form, as a good one does.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== 422 || !event.target.closest(".comments")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

document.addEventListener("htmx:afterSettle", (event) => {
  start();
  const { requestConfig } = event.detail;
  if (!event.target.closest(".comments") || !requestConfig) return;
  if (requestConfig.verb === "get" && requestConfig.elt.id === "comments") pointOut();
  // Who has just sent, or opened, a form goes on in it.
  const box = document.querySelector(".comment.editing textarea") ?? document.getElementById("comment-text");
  if (requestConfig.verb === "post" || event.target.matches(".editing")) box?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest(".comment-form")?.requestSubmit();
});

start();
pointOut();
