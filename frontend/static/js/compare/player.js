/** Play, pause and step for all videos at once. */

import { setText } from "../panel/dom.js";
import { Clock } from "./clock.js";

export class Player {
  /** `onMove` is called with the moment, in milliseconds, and whether it stays there. */
  constructor(root, state, onMove) {
    this.element = root.querySelector("[data-player]");
    this.find = (name) => this.element.querySelector(`[data-${name}]`);
    this.clock = new Clock(state.time, state.speed, (time) => {
      onMove({ time }, !this.clock.isPlaying);
      this.show();
    });
    this.find("play").addEventListener("click", () => this.toggle(onMove));
    for (const button of this.element.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        this.clock.step(Number(button.dataset.step));
        this.show();
      });
    }
    this.find("time").addEventListener("input", (event) => {
      this.clock.pause();
      this.clock.go(event.target.valueAsNumber);
    });
    this.find("speed").value = state.speed;
    this.find("speed").addEventListener("input", (event) => {
      this.clock.speed = Number(event.target.value);
      onMove({ speed: this.clock.speed }, true);
    });
  }

  toggle(onMove) {
    if (this.clock.isPlaying) {
      this.clock.pause();
      onMove({ time: this.clock.time }, true);
    } else this.clock.play();
    this.show();
  }

  set(sources) {
    this.videos = sources.filter((source) => source && source.ends.length > 1);
    this.clock.set(this.videos);
    this.element.hidden = !this.videos.length;
    this.show();
  }

  show() {
    const { time, length, isPlaying } = this.clock;
    setText(this.find("play"), isPlaying ? "Pause" : "Play");
    if (!this.videos?.length) return;
    this.find("time").max = Math.max(length - 1, 0);
    this.find("time").value = time;
    const [first] = this.videos;
    setText(this.find("time-told"), `${(time / 1000).toFixed(2)} s · frame ${first.numberAt(time) + 1} of ${first.ends.length}`);
  }
}
