/** The site's colours, as they are now: light or dark. */

const NUM_SERIES = 8;
const THEME = "theme";

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

/** Take the theme that was chosen on the site's pages, now and later; call back when the colours have changed. */
export function followTheme(onChange) {
  const apply = () => {
    const theme = localStorage.getItem(THEME);
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  apply();
  window.addEventListener("storage", (event) => {
    if (event.key !== THEME) return;
    apply();
    onChange();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
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
