/** The page around the panel: its address is the panel's, and what is ticked in the picker outlives a search. */

import { followPanel } from "./address.js";
import { keepTicks } from "./picker.js";

followPanel(document.querySelector("iframe[data-panel-address]"));
keepTicks(document.querySelector("form[data-run-picker]"));
