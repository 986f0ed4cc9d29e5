/** The pictures of ballots: fetched once, ahead of time, and kept as elements, so that showing them fetches nothing. */

import { sharpen } from "../panel/pixels.js";

const SIDES = ["left", "right"];
const kept = new Map();

/** Fetch those of these ballots, and let go of all others. */
export function keepPictures(ballots) {
  const ids = new Set(ballots.map((ballot) => ballot.id));
  for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
  for (const ballot of ballots) picturesOf(ballot);
}

/** `{ left, right, ready }`: two images, and a promise that both can be seen. */
export function picturesOf(ballot) {
  if (!kept.has(ballot.id)) kept.set(ballot.id, load(ballot));
  return kept.get(ballot.id);
}

function load(ballot) {
  const [left, right] = SIDES.map((side) => {
    const image = new Image();
    image.alt = `Drawn for: ${ballot.prompt}`;
    image.draggable = false;
    image.src = ballot[side];
    return image;
  });
  const ready = Promise.all([left.decode(), right.decode()]).then(() => [left, right].forEach(sharpen));
  // Who shows it learns of a failure; one that was only fetched ahead tells nobody.
  ready.catch(() => kept.delete(ballot.id));
  return { left, right, ready };
}
