/** What the page has declared, as it is now: fragments come and go. */

const CAPS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

export const elementsWithKeys = () =>
  [...document.querySelectorAll("[data-key]")].filter((element) => element.checkVisibility() && !element.disabled);

/** Sections of the help: the page's own first. A line is the keys, each word one, and what they do. */
export function declaredKeys() {
  const elements = elementsWithKeys();
  const isOfSite = (element) => element.closest("header.bar") != null;
  const told = [...document.querySelectorAll("template[data-keys]")].map((template) => ({
    title: template.dataset.keys || "This page",
    lines: [template.content.cloneNode(true)],
  }));
  return [
    ...told,
    { title: "This page", lines: elements.filter((element) => !isOfSite(element)).map(line) },
    { title: "Everywhere", lines: [...elements.filter(isOfSite).map(line), pair(["?"], "this list"), pair(["Esc"], "close")] },
  ].filter((section) => section.lines.length > 0);
}

function line(element) {
  const help = element.dataset.keyHelp ?? element.getAttribute("aria-label") ?? element.textContent;
  return pair(element.dataset.key.split(" "), help.trim());
}

function pair(keys, help) {
  const line = document.createDocumentFragment();
  const [term, meaning] = ["dt", "dd"].map((tag) => document.createElement(tag));
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = CAPS[key] ?? key;
    term.append(cap, " ");
  }
  meaning.textContent = help;
  line.append(term, meaning);
  return line;
}
