/** What is known of a picture, as names and texts. */

import { formatNumber, shortNames, withSpaces } from "../panel/names.js";

export const REWARD = "reward/";

const KINDS = { fixed: "fixed sample", rollout: "drawn by training", drawn: "drawn later" };

/** Names of rewards as people read them; all that stand on the wall are named together. */
export class Names {
  constructor(rewards) {
    this.short = rewards.length ? shortNames(rewards) : new Map();
  }

  of(quantity) {
    if (!quantity.startsWith(REWARD)) return { kl: "KL" }[quantity] ?? quantity;
    const name = quantity.slice(REWARD.length);
    return this.short.get(name) ?? withSpaces(name);
  }
}

/** What a tile says: what can be judged first, then where the picture comes from. */
export function numbersOf(tile, names) {
  const rewards = Object.entries(tile.rewards).sort(([a], [b]) => (a < b ? -1 : 1));
  const numbers = rewards.map(([name, value]) => [names.of(REWARD + name), formatNumber(value)]);
  if (tile.advantage != null) numbers.push(["advantage", formatNumber(tile.advantage)]);
  if (tile.kl != null) numbers.push(["KL", formatNumber(tile.kl)]);
  return numbers;
}

export function placeOf(tile) {
  const iteration = tile.iteration === 0 && tile.kind !== "rollout" ? "base model" : `iteration ${tile.iteration}`;
  return tile.group == null ? `${iteration} · seed ${tile.seed}` : `${iteration} · group ${tile.group}`;
}

/** Everything else, for the picture in full. */
export function factsOf(tile) {
  return [
    ["kind", KINDS[tile.kind]],
    ["iteration", tile.iteration === 0 ? "0 (base model)" : String(tile.iteration)],
    ["optimizer step", tile.step],
    ["group", tile.group],
    ["seed", tile.seed],
    ["prompt set", tile.prompt_set || null],
    ["denoising steps", tile.num_steps],
    ["guidance", tile.guidance_scale],
  ].filter(([, value]) => value != null).map(([name, value]) => [name, String(value)]);
}
