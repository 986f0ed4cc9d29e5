/** One picture in full, with everything that is known of it; arrow keys go on to the next. */

import { make } from "../panel/dom.js";
import { sharpen } from "../panel/pixels.js";
import { factsOf, numbersOf } from "./facts.js";
import { wantsLessMotion } from "./moving.js";

export class Viewer {
  /** `wall` has the tiles and goes on to more; `write(ref)` puts the open picture into the address. */
  constructor(wall, ticks, write) {
    this.wall = wall;
    this.ticks = ticks;
    this.write = write;
    this.picture = make("div", { class: "viewer-picture" });
    this.about = make("div", { class: "viewer-about" });
    this.before = make("button", { type: "button", "aria-label": "Previous picture", click: () => this.move(-1) }, "←");
    this.after = make("button", { type: "button", "aria-label": "Next picture", click: () => this.move(1) }, "→");
    const close = make("button", { type: "button", click: () => this.dialog.close() }, "Close");
    this.dialog = make(
      "dialog",
      {
        class: "viewer",
        "aria-label": "Picture in full",
        keydown: (event) => this.onKey(event),
        close: () => this.onClose(),
        click: (event) => event.target === this.dialog && this.dialog.close(),
      },
      make("div", { class: "viewer-body" }, this.picture, make("div", { class: "viewer-side" }, make("div", { class: "viewer-keys" }, this.before, this.after, close), this.about)),
    );
    document.body.append(this.dialog);
  }

  open(tile) {
    this.tile = tile;
    this.show();
    this.write(tile.ref);
    if (!this.dialog.open) this.dialog.showModal();
  }

  get index() {
    return this.wall.tiles.findIndex((tile) => tile.ref === this.tile.ref);
  }

  async move(by) {
    const at = this.index;
    // The last one that is here need not be the last that there is.
    if (at + by >= this.wall.tiles.length) await this.wall.goOn();
    const next = this.wall.tiles[at + by];
    if (at >= 0 && next && this.dialog.open) this.open(next);
  }

  onKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.move(by);
  }

  onClose() {
    this.write("");
    this.wall.find(this.tile.ref)?.focus();
  }

  show() {
    const { tile } = this;
    const at = this.index;
    this.before.disabled = at <= 0;
    this.after.disabled = at < 0 || (at === this.wall.tiles.length - 1 && !this.wall.next);
    this.showPicture(tile);
    const entries = [...numbersOf(tile, this.wall.tools.names), ...factsOf(tile)];
    this.about.replaceChildren(
      make("p", { class: "viewer-prompt" }, tile.prompt),
      make("dl", {}, ...entries.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
      make("ul", { class: "viewer-links" }, ...linksOf(tile).map(([href, text]) => make("li", {}, make("a", { href }, text)))),
      this.tickBox(tile),
    );
    for (const near of [this.wall.tiles[at + 1], this.wall.tiles[at - 1]]) if (at >= 0 && near) new Image().src = near.picture;
  }

  showPicture(tile) {
    const image = make("img", { alt: tile.prompt, load: () => sharpen(image) });
    const isStill = tile.is_video && wantsLessMotion();
    // The small one is here already: it stands until the large one is.
    image.src = tile.thumbnail;
    if (!isStill) make("img", { load: () => (image.src = tile.picture) }).src = tile.picture;
    const play = isStill ? make("button", { type: "button", click: () => (image.src = tile.picture) }, "Play") : null;
    this.picture.replaceChildren(image, ...(play ? [play] : []));
  }

  tickBox(tile) {
    const box = make("input", { type: "checkbox", checked: this.ticks.has(tile.ref), change: () => {
      this.ticks.set(tile.ref, box.checked);
      const onWall = this.wall.find(tile.ref)?.parentElement.querySelector(".wall-tick input");
      if (onWall) onWall.checked = box.checked;
    } });
    return make("label", { class: "tick" }, box, make("span", {}, "Ticked to compare"));
  }
}

function linksOf(tile) {
  const links = [];
  if (tile.run_url) links.push([tile.run_url, tile.run_name]);
  if (tile.group != null) {
    const query = new URLSearchParams({ runs: tile.run, step: tile.iteration, group: tile.group, view: "groups" });
    links.push([`?${query}`, "The whole group"]);
  }
  return [...links, [`/pictures/${tile.ref}/`, "Its page, with comments"], [tile.picture, "The file"]];
}
