/** Which pictures a run drew at an iteration: asked for once, and a step ahead, so that the slider does not wait. */

export class Tiles {
  constructor() {
    this.answers = new Map();
  }

  /** The samples of a run at one of its iterations, or null where the server gave none. */
  at(run, iteration) {
    const key = `${run.id} ${run.life} ${iteration}`;
    if (!this.answers.has(key)) {
      const answer = this.ask(run, iteration).catch(() => null);
      this.answers.set(key, answer);
      answer.then((tiles) => tiles ?? this.answers.delete(key));
    }
    return this.answers.get(key);
  }

  async ask(run, iteration) {
    const response = await fetch(`/runs/samples?${new URLSearchParams({ run: run.id, iteration })}`);
    return response.ok ? (await response.json()).samples : null;
  }

  async prefetch(runs, iterations) {
    for (const run of runs) {
      for (const iteration of iterations.filter((one) => run.sampleIterations.includes(one))) {
        for (const tile of (await this.at(run, iteration)) ?? []) new Image().src = tile.thumbnail;
      }
    }
  }
}
