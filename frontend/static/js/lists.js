/** Lists of runs, beyond what they do without scripts: tick all, count what is ticked, and names of fields to pick. */

const MOST_SUGGESTIONS = 8;

const ticks = () => [...document.querySelectorAll('#run-rows input[name="run"]')];

const countTicks = () => {
  const all = ticks();
  const num = all.filter((tick) => tick.checked).length;
  // Only then it lies over the table.
  document.getElementById("bulk")?.classList.toggle("has-ticks", num > 0);
  const told = document.querySelector("[data-num-ticked]");
  if (told) told.textContent = num ? `${num} ticked:` : "Tick runs to do something with them:";
  for (const button of document.querySelectorAll("#bulk button")) button.disabled = num === 0;
  const tickAll = document.querySelector("[data-tick-all]");
  if (!tickAll) return;
  tickAll.hidden = all.length === 0;
  const box = tickAll.querySelector("input");
  box.checked = num > 0 && num === all.length;
  box.indeterminate = num > 0 && num < all.length;
};

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-tick-all]")) for (const tick of ticks()) tick.checked = event.target.checked;
  countTicks();
});
document.addEventListener("htmx:afterSettle", countTicks);
document.addEventListener("DOMContentLoaded", countTicks);
window.addEventListener("pageshow", countTicks);

// A table that is refreshed while a run is renamed in it would take the new name away.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "run-rows" && event.target.querySelector(".renaming")) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest(".renaming")) location.reload();
});
// An answer that says what is wrong with a name replaces the form, as a good one does.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422 && event.target.closest(".renaming")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// What was left empty does not stand in the address.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "filter") return;
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("#filter [disabled]")) field.disabled = false;
});

/** A list under the search box with the fields that the word at the cursor may become. */
class Suggestions {
  constructor(box) {
    this.box = box;
    this.list = document.getElementById("filter-suggestions");
    this.words = JSON.parse(document.getElementById(box.dataset.suggest).textContent);
    this.chosen = -1;
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-controls", this.list.id);
    box.setAttribute("aria-autocomplete", "list");
    box.addEventListener("input", () => this.show());
    box.addEventListener("keydown", (event) => this.press(event));
    box.addEventListener("blur", () => this.hide());
    // Before the box loses the focus.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("li");
      if (option) this.take(option.textContent);
    });
    this.hide();
  }

  /** Where the word at the cursor begins; nothing is offered for values and inside quotation marks. */
  begin() {
    const before = this.box.value.slice(0, this.box.selectionStart);
    const word = /(?:^|[\s(])([^\s()<>=!~",]+)$/.exec(before);
    const isValue = /[<>=~,]\s*[^\s<>=~]*$/.test(before);
    const isQuoted = (before.match(/"/g) ?? []).length % 2 === 1;
    return word && !isValue && !isQuoted ? before.length - word[1].length : null;
  }

  show() {
    const begin = this.begin();
    if (begin === null) return this.hide();
    const word = this.box.value.slice(begin, this.box.selectionStart).toLowerCase();
    const found = this.words.filter((known) => known.toLowerCase().includes(word) && known !== word);
    found.sort((a, b) => b.toLowerCase().startsWith(word) - a.toLowerCase().startsWith(word));
    this.list.replaceChildren(
      ...found.slice(0, MOST_SUGGESTIONS).map((known, number) => {
        const option = document.createElement("li");
        option.id = `suggestion-${number}`;
        option.role = "option";
        option.textContent = known;
        return option;
      }),
    );
    this.list.hidden = found.length === 0;
    this.box.setAttribute("aria-expanded", String(!this.list.hidden));
    this.choose(-1);
  }

  press(event) {
    if (this.list.hidden) return;
    const num = this.list.childElementCount;
    if (event.key === "ArrowDown") this.choose((this.chosen + 1) % num);
    else if (event.key === "ArrowUp") this.choose((this.chosen - 1 + num) % num);
    else if (event.key === "Enter" && this.chosen >= 0) this.take(this.list.children[this.chosen].textContent);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
  }

  choose(number) {
    this.chosen = number;
    [...this.list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === number)));
    if (number < 0) this.box.removeAttribute("aria-activedescendant");
    else this.box.setAttribute("aria-activedescendant", `suggestion-${number}`);
  }

  take(known) {
    const begin = this.begin() ?? this.box.selectionStart;
    const name = /[\s()<>=!~",]/.test(known) ? `"${known}"` : known;
    this.box.setRangeText(`${name} `, begin, this.box.selectionStart, "end");
    this.hide();
  }

  hide() {
    this.list.hidden = true;
    this.box.setAttribute("aria-expanded", "false");
    this.chosen = -1;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-suggest]")) new Suggestions(box);
});
