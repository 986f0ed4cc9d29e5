// The playground: watches what is drawn, and keeps the choice of checkpoints within what a page can show.

import { keepChoice } from "./choice.js";
import { watch } from "./sheet.js";

const form = document.querySelector("[data-playground]");
if (form) {
  keepChoice(form);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

const look = () => watch(document.getElementById("drawn"));
look();
document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "drawn" && look());
