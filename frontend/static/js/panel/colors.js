/** The site's colours, as they are now: light or dark. */

const NUM_SERIES = 8;

export function readColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--color-text"),
    muted: read("--color-muted"),
    border: read("--color-border"),
    surface: read("--color-surface"),
    font: read("--font-sans"),
    ofRun: (index) => read(`--series-${(index % NUM_SERIES) + 1}`),
  };
}

/** Call back when light turns to dark or the other way. */
export function onSchemeChange(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}

/**
 * Take Gradio's own dark mode out: its `dark` class sets variables that bear the names of the site's tokens, and the
 * tokens know by themselves when it is dark.
 */
export function leaveDarkToTokens() {
  const remove = () => document.body.classList.contains("dark") && document.body.classList.remove("dark");
  new MutationObserver(remove).observe(document.body, { attributeFilter: ["class"] });
  remove();
}
