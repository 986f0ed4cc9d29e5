/** On a page that frames the panel: gives each frame the height of its content, without a jump in between. */

window.addEventListener("message", (event) => {
  if (event.origin !== location.origin || event.data?.type !== "panel:height") return;
  for (const frame of document.querySelectorAll("iframe[data-panel]")) {
    if (frame.contentWindow === event.source) frame.style.height = `${event.data.height}px`;
  }
});
