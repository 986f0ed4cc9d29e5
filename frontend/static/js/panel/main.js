/** The panel: what the address asks to see of its runs. */

import { readAddress } from "./address.js";
import { leaveDarkToTokens } from "./colors.js";
import { Curves } from "./curves.js";
import { make } from "./dom.js";
import { reportHeight } from "./frame.js";
import { Frontier, FRONTIER } from "./frontier.js";

const PLOTLY = new URL("../../plotly/plotly.min.js", import.meta.url);

/** Fill the mount point. `metricsArrived` asks the controls for the metrics that a run has written by now. */
export async function mount(element, metricsArrived) {
  const address = readAddress();
  const isFramed = window.parent !== window;
  leaveDarkToTokens();
  document.documentElement.classList.toggle("framed", isFramed);
  document.documentElement.dataset.view = address.view;
  element.replaceChildren();
  if (!address.runs.length) {
    element.append(make("p", { class: "empty-page" }, "No run chosen. Open the panel from a run's page, or ", make("a", { href: "/curves/" }, "pick runs"), "."));
    return;
  }
  await loadPlotly();
  if (!isFramed) element.append(wayBack());
  if (address.view === FRONTIER) new Frontier(element, address);
  else new Curves(element, address, metricsArrived);
  reportHeight(element);
}

/** Outside a page of the site there is nothing around the panel. */
function wayBack() {
  return make(
    "nav",
    { class: "back" },
    make("a", { href: "/" }, "Experiments"),
    make("a", { href: `/curves/${location.search}` }, "Pick runs"),
  );
}

function loadPlotly() {
  return new Promise((resolve, reject) => {
    if (window.Plotly) return resolve();
    document.head.append(make("script", { src: PLOTLY, load: resolve, error: reject }));
  });
}
