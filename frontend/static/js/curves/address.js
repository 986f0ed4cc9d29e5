/** The panel writes its view into its own address; this page takes it over, so that its link shows the same thing. */

export function followPanel(frame) {
  window.addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.data?.type !== "panel:address") return;
    if (!frame || event.source !== frame.contentWindow) return;
    history.replaceState(history.state, "", `${location.pathname}${event.data.search}`);
  });
}

/** What the address says that goes for other runs as well. */
export function viewOfPanel() {
  const query = new URLSearchParams(location.search);
  for (const name of ["runs", "run", "find", "after", "hide", "zoom"]) query.delete(name);
  return [...query];
}
