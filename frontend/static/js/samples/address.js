/** The address says what is on the wall, so that its link shows the same thing. */

// The picker of runs is searched in the same address.
const NOT_OF_THE_WALL = ["find", "after", "run"];

export function readQuery() {
  const query = new URLSearchParams(location.search);
  for (const name of NOT_OF_THE_WALL) query.delete(name);
  return query;
}

/** Write these entries into the address and return it; an empty one is taken out. */
export function writeQuery(entries) {
  const query = readQuery();
  for (const [name, value] of Object.entries(entries)) {
    if (value == null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const search = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%40", "@");
  history.replaceState(history.state, "", search ? `?${search}` : location.pathname);
  return query;
}
