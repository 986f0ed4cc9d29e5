/** Where pictures are in their grid, and which ones come next: by seed, or by prompt. */

/** `prompts` holds for each prompt its rows, a row a seed, and in a row a ref or null for each column. */
export class Neighbours {
  constructor(prompts = []) {
    this.prompts = prompts;
  }

  /** All refs moved on together, past gaps; null where there are none that far. */
  next(refs, prompts, seeds) {
    const places = refs.map((ref) => this.placeOf(ref));
    if (places.includes(null)) return null;
    for (let far = 1; ; far += 1) {
      const rows = places.map(([prompt, seed]) => this.prompts[prompt + prompts * far]?.[seed + seeds * far]);
      if (rows.includes(undefined)) return null;
      const found = rows.map((row, index) => row[places[index][2]]);
      if (!found.includes(null)) return found;
    }
  }

  placeOf(ref) {
    for (const [prompt, rows] of this.prompts.entries()) {
      for (const [seed, row] of rows.entries()) {
        const column = row.indexOf(ref);
        if (column >= 0) return [prompt, seed, column];
      }
    }
    return null;
  }
}
