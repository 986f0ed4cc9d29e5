/** Runs that were ticked stay ticked when a search brings others; what the panel shows goes along with them. */

import { viewOfPanel } from "./address.js";

export function keepTicks(form) {
  const chosen = form.querySelector(".run-picker-chosen");
  const rows = form.querySelector("#run-picker-rows");
  const ticksIn = (place) => [...place.querySelectorAll('input[name="run"]')];

  /** Out of the rows, which the next search replaces, to where the chosen ones stand. */
  const keep = () => {
    for (const tick of ticksIn(rows).filter((one) => one.checked)) chosen.append(tick.closest("label"));
    chosen.hidden = !ticksIn(chosen).length;
  };
  const leaveOutChosen = () => {
    const ids = new Set(ticksIn(chosen).map((tick) => tick.value));
    for (const tick of ticksIn(rows).filter((one) => ids.has(one.value))) tick.closest("label").remove();
  };

  form.addEventListener("htmx:beforeSwap", keep);
  form.addEventListener("htmx:afterSettle", leaveOutChosen);
  form.addEventListener("submit", () => {
    for (const old of form.querySelectorAll('input[type="hidden"]')) old.remove();
    for (const [name, value] of viewOfPanel()) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
      form.append(input);
    }
  });
}
