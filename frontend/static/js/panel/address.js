/** The page's address says what is on screen, so that it can be sent to a colleague. */

export function readAddress() {
  const query = new URLSearchParams(location.search);
  return {
    runs: (query.get("runs") ?? "").split(",").filter(Boolean),
    score: query.get("score"),
    step: query.has("step") && query.get("step") !== "latest" ? Number(query.get("step")) : "latest",
    keys: query.get("keys"),
    view: query.get("view") ?? "",
    zoom: query.get("zoom"),
    across: query.get("across") ?? "",
    up: query.get("up") ?? "",
    intervals: query.get("intervals") === "1",
  };
}

/** Of these runs, those that the address hides by their places. */
export function readHidden(runs) {
  const places = (new URLSearchParams(location.search).get("hide") ?? "").split(",").filter(Boolean);
  return places.map((place) => runs[place]).filter(Boolean);
}

/** Write these entries into the address; a null takes the entry out. */
export function writeAddress(entries) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(entries)) {
    if (value == null) query.delete(name);
    else query.set(name, value);
  }
  const search = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  if (`?${search}` === location.search) return;
  history.replaceState(history.state, "", `?${search}`);
  // A page around the panel takes it into its own address.
  if (window.parent !== window) window.parent.postMessage({ type: "panel:address", search: `?${search}` }, location.origin);
}
