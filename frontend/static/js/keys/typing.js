const NOT_TEXT = new Set(["checkbox", "button", "submit", "reset", "image", "file"]);

/** Whether the key belongs to a field, to the browser (Ctrl, Alt, ⌘) or to whoever has taken it already. */
export function isTaken(event) {
  return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isField(event.target);
}

function isField(element) {
  if (element instanceof HTMLInputElement) return !NOT_TEXT.has(element.type);
  return element instanceof HTMLElement && (element.matches("select, textarea, [role=textbox]") || element.isContentEditable);
}
