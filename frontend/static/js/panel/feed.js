/** Asks for the runs' curves: everything once, then every two seconds what is new, until all runs have ended. */

const INTERVAL = 2000;
const INTERVAL_AFTER_ERROR = 6000;

export class Feed {
  /** `take(answer, fresh)` gets each answer; `say(text)` what stands in the way, or an empty text. */
  constructor(runs, take, say) {
    this.runs = runs;
    this.take = take;
    this.say = say;
    this.keys = null;
    this.hours = false;
    this.cursor = "";
    this.timer = null;
    this.request = null;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.timer === "hidden") this.next(0);
    });
  }

  /** Ask for these metrics from now on, and for GPU hours. What is on screen stays until their answer is here. */
  choose(keys, hours) {
    if (this.keys && keys.join() === this.keys.join() && (this.hours || !hours)) return;
    this.keys = keys;
    this.hours ||= hours;
    this.cursor = "";
    this.request?.abort();
    this.next(0);
  }

  next(delay) {
    clearTimeout(this.timer);
    this.timer = document.hidden && delay ? "hidden" : setTimeout(() => this.ask(), delay);
  }

  async ask() {
    const request = (this.request = new AbortController());
    const fresh = !this.cursor;
    const query = new URLSearchParams({ runs: this.runs.join(), keys: this.keys.join(), cursor: this.cursor });
    if (this.hours) query.set("hours", "1");
    try {
      const response = await fetch(`/runs/series?${query}`, { signal: request.signal });
      if (response.status === 401) return this.say("You are signed out. Sign in again and reload this page.");
      if (!response.ok) throw new Error(`answer ${response.status}`);
      const answer = await response.json();
      if (request.signal.aborted) return;
      this.cursor = answer.cursor;
      this.say("");
      this.take(answer, fresh);
      if (answer.live) this.next(INTERVAL);
    } catch (error) {
      if (request.signal.aborted) return;
      this.say("The server does not answer. Trying again.");
      this.next(INTERVAL_AFTER_ERROR);
    }
  }
}
