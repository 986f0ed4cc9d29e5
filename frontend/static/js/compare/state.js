/** What is on the screen, as the address says it (`comparing/looking.py` reads the same). */

export const MODES = ["side", "wipe", "flicker", "difference"];

const DEFAULTS = { mode: "side", first: 1, second: 2, zoom: 1, x: 0.5, y: 0.5, wipe: 50, gain: 4, every: 0, time: 0, speed: 1 };
const WRITE_MILLISECONDS = 200;
const DIGITS = { zoom: 3, x: 4, y: 4, wipe: 1, time: 0 };

/** The server has refused what cannot be shown, so that numbers are numbers. */
export function readState(search) {
  const query = new URLSearchParams(search);
  const number = (name) => (query.has(name) ? Number(query.get(name)) : DEFAULTS[name]);
  const [first, second] = (query.get("pair") ?? "1,2").split(",").map(Number);
  const numbers = ["zoom", "x", "y", "wipe", "gain", "every", "time", "speed"].map((name) => [name, number(name)]);
  return { mode: query.get("mode") ?? DEFAULTS.mode, first, second, ...Object.fromEntries(numbers) };
}

/** Its entries for the address; null where it is as it is without any. */
export function entriesOf(state) {
  const entries = { pair: state.first === 1 && state.second === 2 ? null : `${state.first},${state.second}` };
  for (const name of ["mode", "zoom", "x", "y", "wipe", "gain", "every", "time", "speed"]) {
    const value = name in DIGITS ? Number(state[name].toFixed(DIGITS[name])) : state[name];
    entries[name] = value === DEFAULTS[name] ? null : String(value);
  }
  return entries;
}

/** Writes entries into the address a little later: browsers let a page do so only so often. */
export class Address {
  constructor() {
    this.entries = {};
    this.timer = null;
    addEventListener("pagehide", () => this.flush());
  }

  write(entries) {
    Object.assign(this.entries, entries);
    this.timer ??= setTimeout(() => this.flush(), WRITE_MILLISECONDS);
  }

  /** Now, for who is about to read the address. */
  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(this.entries)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    this.entries = {};
    const search = `?${query.toString().replaceAll("%2C", ",").replaceAll("%40", "@")}`;
    if (search !== location.search) history.replaceState(history.state, "", search);
  }
}
