/** Which charts have a logarithmic axis: none, those of KLs, or all that can have one. */

export const NO_LOG = "";
export const LOG_KL = "kl";
export const LOG_ALL = "all";

/** Where a value is below zero there is nothing to draw on such an axis; a zero is left out. */
export function isLogarithmic(choice, key, runs) {
  if (choice === LOG_KL) return key.startsWith("kl/");
  if (choice !== LOG_ALL) return false;
  return runs.every((run) => (run.series[key]?.value ?? []).every((value) => value >= 0));
}

/** As the address has it. Before there was a choice, 1 stood for the KLs. */
export function writeLog(choice) {
  return { [LOG_KL]: "1", [LOG_ALL]: "all" }[choice] ?? null;
}
