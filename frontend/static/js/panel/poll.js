/** Asks one address again and again, as long as its answer says that more may come. */

const INTERVAL = 5000;
const INTERVAL_AFTER_ERROR = 10000;

export class Poll {
  /** `question()` is the address; `take(answer)` gets each answer, `say(text)` what stands in the way. */
  constructor(question, take, say) {
    this.question = question;
    this.take = take;
    this.say = say;
    this.timer = null;
    this.request = null;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.timer === "hidden") this.ask();
    });
  }

  next(delay) {
    this.timer = document.hidden ? "hidden" : setTimeout(() => this.ask(), delay);
  }

  async ask() {
    clearTimeout(this.timer);
    this.request?.abort();
    const request = (this.request = new AbortController());
    try {
      const response = await fetch(this.question(), { signal: request.signal });
      if (response.status === 401) return this.say("You are signed out. Sign in again and reload this page.");
      const answer = await response.json();
      if (request.signal.aborted) return;
      if (response.status === 400) return this.say(answer.error);
      if (!response.ok) throw new Error(`answer ${response.status}`);
      this.say("");
      this.take(answer);
      if (answer.live) this.next(INTERVAL);
    } catch {
      if (request.signal.aborted) return;
      this.say("The server does not answer. Trying again.");
      this.next(INTERVAL_AFTER_ERROR);
    }
  }
}
