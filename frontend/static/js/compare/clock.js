/** One clock for all videos: it stands still until every one of them has the frame of the moment. */

export class Clock {
  /** `onTick` is called with each new moment, in milliseconds. */
  constructor(time, speed, onTick) {
    this.time = time;
    this.speed = speed;
    this.onTick = onTick;
    this.sources = [];
    this.isPlaying = false;
  }

  set(sources) {
    this.sources = sources;
    this.length = Math.max(0, ...sources.map((source) => source.ends.at(-1)));
    this.time = Math.min(this.time, Math.max(this.length - 1, 0));
  }

  play() {
    if (this.isPlaying || !this.length) return;
    this.isPlaying = true;
    let last = performance.now();
    const tick = (now) => {
      if (!this.isPlaying) return;
      const next = (this.time + (now - last) * this.speed) % this.length;
      last = now;
      if (this.sources.every((source) => source.isReady(next))) this.go(next);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  pause() {
    this.isPlaying = false;
  }

  go(time) {
    this.time = Math.min(Math.max(time, 0), Math.max(this.length - 1, 0));
    this.onTick(this.time);
  }

  /** To where the next frame of any of the videos begins, or the one before. */
  step(direction) {
    this.pause();
    const starts = [0, ...this.sources.flatMap((source) => source.ends)].filter((start) => start < this.length);
    const now = Math.floor(this.time);
    const current = Math.max(...starts.filter((start) => start <= now));
    const others = direction > 0 ? starts.filter((start) => start > now) : starts.filter((start) => start < current);
    if (others.length) this.go(direction > 0 ? Math.min(...others) : Math.max(...others));
  }
}
