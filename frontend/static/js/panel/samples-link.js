/** Where the pictures of a checkpoint are. */

/** Of several seeds all of them. */
export function samplesLink({ policies }) {
  return `/samples/?policies=${policies.join()}`;
}

/** Open them over the page around the panel, or beside it where a key says so. */
export function openSamples(point, event) {
  window.open(samplesLink(point), event.ctrlKey || event.metaKey || event.shiftKey ? "_blank" : "_top");
}
