/** Where a point stands across: by iteration, optimizer step, images drawn in training, or GPU hours. */

export const X_TITLES = {
  iteration: "iteration",
  step: "optimizer step",
  samples: "images drawn in training",
  hours: "GPU hours",
};

/** How Plotly writes places, where its own way would be worse: thousands of images are no powers of ten. */
export const X_FORMATS = { samples: ",d" };

/** A place for each point of `{iteration, step}`, two columns; null where nobody knows it (yet). */
export function placesOf(run, axis, { iteration, step }) {
  if (axis === "samples") return iteration.map((at) => samplesAt(run.samples, at));
  if (axis === "hours") return iteration.map((at) => hoursAt(run, at));
  return axis === "step" ? step : iteration;
}

/** The same for rows that each have an iteration and a step. */
export function placesOfRows(run, axis, rows) {
  return placesOf(run, axis, { iteration: rows.map((row) => row.iteration), step: rows.map((row) => row.step) });
}

/** A run that began with a checkpoint has seen `before` images at its start. */
export function samplesAt({ start, before, each }, iteration) {
  return iteration >= start ? before + (iteration - start) * each : (before * iteration) / start;
}

/** Between two known moments as if hours went evenly; what comes before the run's first iteration took none. */
export function hoursAt({ clock, samples }, iteration) {
  const start = samples?.start ?? 0;
  if (iteration <= start) return 0;
  if (!clock?.iteration.length) return null;
  const later = firstFrom(clock.iteration, iteration);
  if (later === clock.iteration.length) return null;
  const [from, hours] = later ? [clock.iteration[later - 1], clock.hours[later - 1]] : [start, 0];
  const share = (iteration - from) / (clock.iteration[later] - from);
  return hours + share * (clock.hours[later] - hours);
}

/** The first place in a rising row whose value is at least this one. */
function firstFrom(values, least) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
