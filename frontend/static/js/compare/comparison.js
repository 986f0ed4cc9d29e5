/** Two to eight pictures: the state of the page, and what changes it. */

import { panned, zoomed } from "./camera.js";
import { Figures } from "./figures.js";
import { listen } from "./gestures.js";
import { listenForKeys } from "./keys.js";
import { Neighbours } from "./neighbours.js";
import { Painter } from "./painter.js";
import { Player } from "./player.js";
import { openSource } from "./sources.js";
import { entriesOf, readState } from "./state.js";
import { Tools } from "./tools.js";

const PAN_STEP = 0.1;
// How near to the line of the wipe, in pixels of the page, a finger takes hold of it.
const GRIP = 24;

export class Comparison {
  constructor(root, data, address) {
    this.root = root;
    this.address = address;
    this.more = data.more;
    this.neighbours = new Neighbours(data.prompts);
    this.state = readState(location.search);
    this.sources = [];
    this.isSwapped = false;
    this.big = root.querySelector("[data-big]");
    this.figures = new Figures(root.querySelector("[data-stage]"), (number) => this.pick(number, false));
    this.painter = new Painter(this.big, this.figures);
    this.tools = new Tools(root, (changes) => this.change(changes));
    this.player = new Player(root, this.state, (changes, stays) => this.change(changes, stays));
    this.sizes = new ResizeObserver((entries) => this.fit(entries));
    this.watch(this.big);
    this.listen();
    this.show(data.items);
  }

  listen() {
    for (const button of this.root.querySelectorAll("[data-zoom-by]")) {
      button.addEventListener("click", () => this.zoom(this.canvas, Number(button.dataset.zoomBy)));
    }
    this.root.querySelector("[data-zoom-fit]").addEventListener("click", () => this.change({ zoom: 1, x: 0.5, y: 0.5 }));
    listenForKeys({
      pick: (number, isFirst) => this.pick(number, isFirst),
      flicker: () => this.flicker(),
      go: (seeds, prompts) => this.go(seeds, prompts),
      pan: (right, down) => this.pan(this.canvas, -right * PAN_STEP * this.canvas.width, -down * PAN_STEP * this.canvas.height),
      zoom: (factor) => this.zoom(this.canvas, factor),
    });
  }

  /** These pictures instead of those that are there; zoom, mode and pair stay. */
  async show(items) {
    this.items = items;
    this.sources = [];
    delete this.root.dataset.ready;
    this.state.shown = items.map((item) => item.ref).join(",");
    this.figures.show(items);
    for (const canvas of this.figures.canvases) this.watch(canvas);
    this.tools.offer(items);
    this.change(this.pairAmong(items.length));
    this.tools.wait(true);
    const opened = await Promise.allSettled(items.map((item) => openSource(item, () => this.draw())));
    if (items !== this.items) return;
    this.tools.wait(false);
    this.sources = opened.map((one) => one.value ?? null);
    this.tools.complain(opened.find((one) => one.status === "rejected")?.reason.message ?? "");
    const { width, height } = this.sources.find(Boolean)?.size ?? { width: 1, height: 1 };
    this.root.style.setProperty("--ratio", String(width / height));
    this.player.set(this.sources);
    if (this.player.videos.length) this.state.time = this.player.clock.time;
    this.draw();
  }

  pairAmong(number) {
    const { first, second } = this.state;
    if (number < 2) return { mode: "side", first: 1, second: 2 };
    return { first: Math.min(first, number), second: second <= number ? second : first === 2 ? 1 : 2 };
  }

  watch(canvas) {
    this.sizes.observe(canvas);
    listen(canvas, {
      look: () => this.state,
      isLive: () => this.isLive(canvas),
      zoom: (...how) => this.zoom(...how),
      pan: (...how) => this.drag(...how),
      grab: (where, at) => (this.holdsLine = this.isOnLine(where, at)),
      release: () => (this.holdsLine = false),
    });
  }

  /** Below the big canvas the others show the whole picture. */
  isLive(canvas) {
    return this.state.mode === "side" || canvas === this.big;
  }

  /** The one that keys and buttons move: what it shows, all show. */
  get canvas() {
    return this.state.mode === "side" ? this.figures.canvases[0] : this.big;
  }

  get size() {
    return this.sources.find(Boolean)?.size ?? { width: 1, height: 1 };
  }

  isOnLine(canvas, at) {
    if (this.state.mode !== "wipe" || canvas !== this.big) return false;
    const line = (canvas.width * this.state.wipe) / 100;
    return this.state.zoom === 1 || Math.abs(at.x - line) < GRIP * devicePixelRatio;
  }

  drag(canvas, right, down, to) {
    if (this.holdsLine) this.change({ wipe: Math.min(Math.max((100 * to.x) / canvas.width, 0), 100) });
    else this.pan(canvas, right, down);
  }

  pan(canvas, right, down) {
    this.change(panned(this.state, this.size, canvas, right, down));
  }

  zoom(canvas, factor, at) {
    this.change(zoomed(this.state, this.size, canvas, factor, at));
  }

  pick(number, isFirst) {
    if (number > this.items.length || this.items.length < 2) return;
    const { first, second } = this.state;
    if (isFirst) this.change({ first: number, second: number === second ? first : second });
    else this.change({ second: number, first: number === first ? second : first });
  }

  flicker() {
    const { mode, first, second } = this.state;
    if (this.items.length < 2) return;
    this.change(mode === "flicker" ? { first: second, second: first } : { mode: "flicker" });
  }

  async go(seeds, prompts) {
    const refs = this.neighbours.next(this.items.map((item) => item.ref), prompts, seeds);
    if (!refs) return;
    const items = refs.join(",");
    this.asked = items;
    const response = await fetch(`${this.more}?${new URLSearchParams({ items })}`).catch(() => null);
    // Another key may have been pressed meanwhile.
    if (this.asked !== items) return;
    if (!response?.ok) return this.tools.complain("The next pictures did not come: try again.");
    this.address.write({ items });
    await this.show((await response.json()).items);
  }

  /** With `stays` false it is a passing moment, which the address need not tell. */
  change(changes, stays = true) {
    const { every, mode } = this.state;
    Object.assign(this.state, changes);
    if (stays) this.address.write(entriesOf(this.state));
    if (this.state.every !== every || this.state.mode !== mode || !this.isSet) this.setFlicker();
    this.refresh();
  }

  setFlicker() {
    this.isSet = true;
    clearInterval(this.timer);
    this.isSwapped = false;
    if (this.state.mode !== "flicker" || !this.state.every) return;
    this.timer = setInterval(() => {
      this.isSwapped = !this.isSwapped;
      this.refresh();
    }, this.state.every);
  }

  refresh() {
    this.tools.show(this.state, this.items, this.isSwapped);
    this.figures.mark(this.state.first, this.state.second);
    this.draw();
  }

  /** Once for all that has changed since the last picture on the screen. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.tools.tell(this.painter.draw(this.state, this.sources, this.isSwapped));
      if (this.sources.length && this.painter.frames.every(Boolean)) this.root.dataset.ready = this.state.shown;
    });
  }

  fit(entries) {
    for (const { target, contentRect } of entries) {
      target.width = Math.round(contentRect.width * devicePixelRatio);
      target.height = Math.round(contentRect.height * devicePixelRatio);
    }
    this.draw();
  }
}
