/** A list below a text in which the @ that is being typed may become somebody of the team. */

const MOST_SHOWN = 6;
const BEGUN = /(?<![\w.@/+-])@([\w.+@-]*)$/;

export class Mentions {
  constructor(box) {
    this.box = box;
    this.list = box.parentElement.querySelector("[role=listbox]");
    this.list.id = `${box.id}-calls`;
    const people = document.getElementById(box.dataset.mentions).options;
    this.people = [...people].map((option) => ({ handle: option.value, name: option.textContent }));
    this.chosen = 0;
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", this.list.id);
    box.addEventListener("input", () => this.show());
    box.addEventListener("keydown", (event) => this.press(event));
    box.addEventListener("blur", () => this.hide());
    // Before the box loses the focus.
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("li");
      if (option) this.take([...this.list.children].indexOf(option));
    });
  }

  /** What is typed behind an @, up to the cursor; null where none is begun. */
  begun() {
    return BEGUN.exec(this.box.value.slice(0, this.box.selectionStart))?.[1].toLowerCase() ?? null;
  }

  show() {
    const begun = this.begun();
    const fits = ({ handle, name }) => handle !== begun && (handle.startsWith(begun) || name.toLowerCase().includes(begun));
    this.found = begun === null ? [] : this.people.filter(fits).slice(0, MOST_SHOWN);
    this.list.replaceChildren(...this.found.map((person, place) => this.option(person, place)));
    this.list.hidden = this.found.length === 0;
    if (this.list.hidden) this.box.removeAttribute("aria-activedescendant");
    else this.choose(0);
  }

  option({ handle, name }, place) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${place}`;
    option.role = "option";
    option.textContent = handle === name ? `@${handle}` : `@${handle} ${name}`;
    return option;
  }

  press(event) {
    if (this.list.hidden || event.ctrlKey || event.metaKey) return;
    const num = this.found.length;
    if (event.key === "ArrowDown") this.choose((this.chosen + 1) % num);
    else if (event.key === "ArrowUp") this.choose((this.chosen - 1 + num) % num);
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.chosen);
    else if (event.key === "Escape") this.hide();
    else return;
    event.preventDefault();
  }

  choose(place) {
    this.chosen = place;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
    this.box.setAttribute("aria-activedescendant", this.list.children[place].id);
  }

  take(place) {
    const end = this.box.selectionStart;
    this.box.setRangeText(`${this.found[place].handle} `, end - this.begun().length, end, "end");
    this.hide();
  }

  hide() {
    this.list.hidden = true;
    this.box.removeAttribute("aria-activedescendant");
  }
}
