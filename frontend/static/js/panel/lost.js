/** What attempts had written before a later one rolled it back: asked for once somebody wants to see it. */

export class LostAttempts {
  /** `onChange()` is called when an answer is here. */
  constructor(onChange) {
    this.onChange = onChange;
    this.byRun = {};
    this.askedFor = "";
  }

  /** The attempts of these runs by run, as far as they are known; with `hours` their GPU hours too. Asks anew where another rollback has come. */
  of(runs, keys, hours) {
    const wanted = JSON.stringify([runs.map((run) => [run.id, run.life]), keys, hours]);
    if (wanted !== this.askedFor && runs.length && keys.length) {
      this.askedFor = wanted;
      this.ask(wanted, runs, keys, hours);
    }
    return this.byRun;
  }

  async ask(wanted, runs, keys, hours) {
    const query = new URLSearchParams({ runs: runs.map((run) => run.id).join(), keys: keys.join() });
    if (hours) query.set("hours", "1");
    const response = await fetch(`/runs/series/lost?${query}`).catch(() => null);
    if (wanted !== this.askedFor) return;
    if (response?.ok) {
      this.byRun = await response.json();
      this.onChange();
    } else {
      this.askedFor = "";
    }
  }
}
