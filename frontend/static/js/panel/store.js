/** What the browser has of each run, put together from the first answer and what came after it. */

export class Store {
  constructor() {
    this.runs = [];
    this.live = true;
  }

  /** Take an answer of /runs/series. With `fresh` it replaces everything, but only now that it is here. */
  take(answer, fresh) {
    const known = new Map(fresh ? [] : this.runs.map((run) => [run.id, run]));
    this.runs = answer.runs.map((run, index) => join(known.get(run.id), run, index));
    this.live = answer.live;
  }
}

function join(known, run, index) {
  const { series, evaluations, sample_iterations: iterations, clock, reset, ...about } = run;
  const start = reset || !known ? { series: {}, evaluations: [], sampleIterations: [], life: (known?.life ?? 0) + 1 } : known;
  return {
    ...known,
    ...about,
    index,
    // Grows when a rollback made void what was here, so that whoever keeps copies can drop them.
    life: start.life,
    series: joinSeries(start.series, series),
    clock: clock ? joinClock(start.clock, clock) : start.clock,
    evaluations: evaluations.length ? [...start.evaluations, ...evaluations] : start.evaluations,
    sampleIterations: iterations.length
      ? [...new Set([...start.sampleIterations, ...iterations])].sort((a, b) => a - b)
      : start.sampleIterations,
  };
}

function joinClock(known, { iteration, hours }) {
  return known ? { iteration: [...known.iteration, ...iteration], hours: [...known.hours, ...hours] } : { iteration, hours };
}

function joinSeries(known, added) {
  const joined = { ...known };
  for (const [key, { iteration, step, value }] of Object.entries(added)) {
    const old = known[key] ?? { iteration: [], step: [], value: [] };
    joined[key] = {
      iteration: [...old.iteration, ...iteration],
      step: [...old.step, ...step],
      value: [...old.value, ...value],
    };
  }
  return joined;
}
