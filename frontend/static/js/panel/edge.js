/** The points that no other one beats. */

/**
 * Of the points of all runs those that none is better than on both axes, along the first one. `betterX` and `betterY`
 * are 1 where more is better, -1 where less is; with a 0 nothing is better than anything, and there is no edge.
 */
export function edgeOf(runs, betterX, betterY) {
  if (!betterX || !betterY) return [];
  const points = runs.flatMap((run) => run.points.map((point) => ({ run, point })));
  const x = ({ point }) => betterX * point.x[0];
  const y = ({ point }) => betterY * point.y[0];
  const edge = [];
  for (const one of points.sort((a, b) => x(b) - x(a) || y(b) - y(a))) {
    if (!edge.length || y(one) > y(edge.at(-1))) edge.push(one);
  }
  return edge.sort((a, b) => a.point.x[0] - b.point.x[0]);
}
