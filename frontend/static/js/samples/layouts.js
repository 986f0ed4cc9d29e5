/** How tiles stand: in a grid, or each group of training in a row of its own. */

import { formatNumber } from "../panel/names.js";
import { make, setText } from "../panel/dom.js";

export class Grid {
  constructor() {
    this.element = make("ol", { class: "wall-grid" });
  }

  add(tiles, elements) {
    this.element.append(...elements);
  }
}

export class Rows {
  constructor() {
    this.element = make("div", { class: "wall-rows" });
    this.last = null;
  }

  /** Tiles come group by group, and a page may end within one. */
  add(tiles, elements) {
    tiles.forEach((tile, number) => {
      const key = `${tile.run} ${tile.iteration} ${tile.group}`;
      if (this.last?.key !== key) this.begin(key, tile);
      this.last.list.append(elements[number]);
      this.last.advantages.push(tile.advantage);
      setText(this.last.about, aboutGroup(tile, this.last.advantages));
    });
  }

  begin(key, tile) {
    const about = make("span", { class: "muted small" });
    const list = make("ol", { class: "wall-row" });
    this.element.append(
      make("section", { class: "wall-group", "aria-label": tile.prompt }, make("header", {}, make("h2", { title: tile.prompt }, tile.prompt), about), list),
    );
    this.last = { key, about, list, advantages: [] };
  }
}

function aboutGroup(tile, advantages) {
  const known = advantages.filter((one) => one != null);
  const spread = known.length ? `, advantage ${formatNumber(Math.max(...known))} to ${formatNumber(Math.min(...known))}` : "";
  return `${tile.run_name} · iteration ${tile.iteration} · group ${tile.group} · ${advantages.length} pictures${spread}`;
}
