/** Names as people read them. */

/** `sandbox:in_domain` → `in domain`; a file's name without its folder, one of the catalogue's without its hash. */
export function nameOfPromptSet(promptSet) {
  return withSpaces(promptSet.split(/[:/]/).pop().replace(/(\.[0-9a-f]{16})?\.(txt|jsonl)$/, ""));
}

/** Names without the words that all of them begin with: `sandbox_soft_tifa`, `sandbox_quality` → `soft tifa`, `quality`. */
export function shortNames(names) {
  const words = names.map((name) => name.split("_"));
  let shared = 0;
  const shortest = Math.min(...words.map((parts) => parts.length));
  while (words.length > 1 && shared < shortest - 1 && words.every((parts) => parts[shared] === words[0][shared])) {
    shared += 1;
  }
  return new Map(names.map((name, i) => [name, words[i].slice(shared).join(" ")]));
}

export function withSpaces(name) {
  return name.replaceAll("_", " ");
}

/** About three digits, and of the same length for numbers of the same size. */
export function formatNumber(value) {
  if (value == null) return "none";
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1);
  return value.toFixed(size < 10 ? 2 : size < 1000 ? 1 : 0);
}
