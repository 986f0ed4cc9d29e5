/** Runs that differ by their seed alone, drawn as one: the mean over seeds with its 95 % interval. */

import { hoursAt } from "./places.js";
import { smooth } from "./smoothing.js";

// As many buckets as a curve comes in: up to here it comes whole, and seeds meet at the very same iterations.
const NUM_WHOLE = 300;
// A longer curve comes as the lowest and the highest point of each bucket; twice as long stretches have both.
const NUM_STRETCHES = 150;

// Student's t for 95 %, by degrees of freedom from 1 on.
const QUANTILES = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101,
  2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Each run with the place of its group's first as its own, so that a group has one colour. */
export function withGroupColors(runs) {
  const first = new Map();
  for (const run of runs) if (!first.has(run.group)) first.set(run.group, run.index);
  return runs.map((run) => ({ ...run, index: first.get(run.group) }));
}

/** A run for each group: of several seeds their mean, a single one as it is. */
export function meanOverSeeds(runs, keys, weight) {
  const groups = new Map();
  for (const run of runs) groups.set(run.group, [...(groups.get(run.group) ?? []), run]);
  return [...groups.values()].map((members) => (members.length === 1 ? members[0] : meanRun(members, keys, weight)));
}

/** Mean, half width of the interval (null for one value) and number of values. */
export function estimate(values) {
  const num = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / num;
  if (num < 2) return { mean, half: null, num };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (num - 1);
  return { mean, half: quantile(num - 1) * Math.sqrt(variance / num), num };
}

function quantile(degrees) {
  return QUANTILES[degrees - 1] ?? 1.96 + 2.43 / degrees;
}

function meanRun(members, keys, weight) {
  const series = {};
  for (const key of keys) {
    const curve = meanCurve(members.map((run) => run.series[key]).filter(Boolean), weight);
    if (curve) series[key] = curve;
  }
  return {
    ...members[0],
    name: `${sharedName(members.map((run) => run.name))} (${members.length} seeds)`,
    isMean: true,
    series,
    clock: meanClock(members),
    evaluations: meanEvaluations(members),
  };
}

/** The mean where at least two seeds have come to; each is smoothed for itself. */
function meanCurve(curves, weight) {
  if (curves.length < 2) return null;
  const ends = curves.flatMap(({ iteration }) => [iteration[0], iteration.at(-1)]);
  const start = Math.min(...ends);
  const span = Math.max(...ends) - start + 1;
  const width = span <= NUM_WHOLE ? 1 : Math.ceil(span / NUM_STRETCHES);
  const stretches = new Map();
  for (const curve of curves) {
    for (const [place, points] of stretchesOf(curve, smooth(curve.value, weight), start, width)) {
      stretches.set(place, [...(stretches.get(place) ?? []), points]);
    }
  }
  const known = [...stretches].filter(([, seeds]) => seeds.length > 1).sort(([a], [b]) => a - b);
  const values = known.map(([, seeds]) => estimate(seeds.map((seed) => seed.value)));
  if (!known.length) return null;
  return {
    iteration: known.map(([place]) => start + place * width + (width - 1) / 2),
    step: known.map(([, seeds]) => estimate(seeds.map((seed) => seed.step)).mean),
    value: values.map(({ mean }) => mean),
    half: values.map(({ half }) => half),
    num: values.map(({ num }) => num),
  };
}

/** The mean of the hours that the seeds which have come to an iteration had taken by then. */
function meanClock(members) {
  const [longest] = members.map((run) => run.clock?.iteration ?? []).sort((a, b) => b.length - a.length);
  const known = longest.map((at) => members.map((run) => hoursAt(run, at)).filter((hours) => hours != null));
  return { iteration: longest, hours: known.map((hours) => estimate(hours).mean) };
}

/** By stretch of iterations: the mean of a curve's points in it. */
function stretchesOf({ iteration, step }, value, start, width) {
  const found = new Map();
  iteration.forEach((at, i) => {
    const place = Math.floor((at - start) / width);
    const points = found.get(place) ?? [];
    if (!points.length) found.set(place, points);
    points.push({ step: step[i], value: value[i] });
  });
  const mean = (points, name) => points.reduce((sum, point) => sum + point[name], 0) / points.length;
  return [...found].map(([place, points]) => [place, { step: mean(points, "step"), value: mean(points, "value") }]);
}

/** Scores of the same prompt set at the same iteration; the interval is that over seeds, not that over prompts. */
function meanEvaluations(members) {
  const found = new Map();
  for (const row of members.flatMap((run) => run.evaluations)) {
    const place = `${row.prompt_set} ${row.iteration}`;
    found.set(place, [...(found.get(place) ?? []), row]);
  }
  return [...found.values()].map((rows) => ({
    ...rows[0],
    kl: rows.every((row) => row.kl != null) ? estimate(rows.map((row) => row.kl)).mean : null,
    scores: Object.fromEntries(
      Object.keys(rows[0].scores)
        .map((name) => [name, rows.map((row) => row.scores[name]?.[0]).filter((value) => value != null)])
        .filter(([, values]) => values.length)
        .map(([name, values]) => [name, interval(estimate(values))]),
    ),
  }));
}

function interval({ mean, half }) {
  return [mean, mean - (half ?? 0), mean + (half ?? 0)];
}

/** What the names begin with, without the seed that tells them apart. */
export function sharedName(names) {
  let length = 0;
  while (length < names[0].length && names.every((name) => name[length] === names[0][length])) length += 1;
  // Seeds 11 and 12 do not share the seed 1.
  const isInNumber = names.some((name) => /\d/.test(name[length] ?? ""));
  const whole = isInNumber ? names[0].slice(0, length).replace(/\d+$/, "") : names[0].slice(0, length);
  const shared = whole.replace(/[\s,·:-]*(seed)?[\s,·:-]*$/i, "");
  return shared || names[0];
}
