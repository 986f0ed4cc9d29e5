/** Where pictures come from: an image, or the sheets of a video's frames. Each gives the frame for a moment. */

/** `onLoad` is called whenever there is more to show. Raises an Error that says what could not be loaded. */
export async function openSource(item, onLoad) {
  if (!item.frames) return new Still(await load(item.picture));
  const response = await fetch(item.frames);
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? `The frames of ${item.ref} cannot be read.`);
  const about = await response.json();
  const source = new Moving(item.frames, about, onLoad);
  await source.sheetAt(0);
  return source;
}

async function load(address) {
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new Error("A picture cannot be loaded: reload the page; if it stays so, its file is gone.");
  }
  return image;
}

export class Still {
  constructor(image) {
    this.frame = { image, x: 0, y: 0, width: image.naturalWidth, height: image.naturalHeight, name: "still" };
    this.size = this.frame;
    this.ends = [0];
  }

  frameAt() {
    return this.frame;
  }

  isReady() {
    return true;
  }
}

export class Moving {
  constructor(address, { width, height, durations, per_sheet: perSheet }, onLoad) {
    this.address = address;
    this.onLoad = onLoad;
    this.size = { width, height };
    this.perSheet = perSheet;
    // When each frame ends, in milliseconds.
    let end = 0;
    this.ends = durations.map((duration) => (end += duration));
    this.sheets = new Map();
    this.loaded = new Map();
  }

  numberAt(time) {
    const number = this.ends.findIndex((end) => time < end);
    return number < 0 ? this.ends.length - 1 : number;
  }

  /** The frame of this moment, the last one after the end; null while its sheet is on its way. */
  frameAt(time) {
    const number = this.numberAt(time);
    const sheet = Math.floor(number / this.perSheet);
    this.sheetAt(sheet);
    const image = this.loaded.get(sheet);
    if (!image) return null;
    const { width, height } = this.size;
    return { image, x: 0, y: (number % this.perSheet) * height, width, height, name: String(number) };
  }

  /** Whether it can be shown at once; the sheet after it is asked for, too. */
  isReady(time) {
    const sheet = Math.floor(this.numberAt(time) / this.perSheet);
    this.sheetAt(sheet);
    if ((sheet + 1) * this.perSheet < this.ends.length) this.sheetAt(sheet + 1);
    return this.loaded.has(sheet);
  }

  sheetAt(number) {
    if (!this.sheets.has(number)) {
      const sheet = load(`${this.address}${number}/`).then((image) => {
        this.loaded.set(number, image);
        this.onLoad();
      });
      this.sheets.set(number, sheet);
      sheet.catch(() => this.sheets.delete(number));
    }
    return this.sheets.get(number);
  }
}
