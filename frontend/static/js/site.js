// What the pages do in the browser beside htmx: theme, lost connection, and the form of a new run.

const THEME = "theme";

const applyTheme = (theme) => {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
};

// Before the first paint, so that a dark page does not flash white.
applyTheme(localStorage.getItem(THEME));
window.addEventListener("storage", (event) => event.key === THEME && applyTheme(event.newValue));

const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark";

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  const theme = isDark() ? "light" : "dark";
  localStorage.setItem(THEME, theme);
  applyTheme(theme);
});

// A menu closes when the click or the key goes elsewhere.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus());

for (const failure of ["htmx:sendError", "htmx:responseError"])
  document.addEventListener(failure, () => document.body.classList.add("is-offline"));
document.addEventListener("htmx:afterOnLoad", () => document.body.classList.remove("is-offline"));

// The form of a new run: which variant's fields are shown, and what departs from the recipe.
const showVariants = (control) => {
  if (control.matches("[data-variant-choice]")) {
    for (const body of document.querySelectorAll(`[data-variant-of="${control.id}"]`))
      body.hidden = body.dataset.value !== control.value;
  }
};

const departs = (control) => {
  const value = control.type === "checkbox" ? (control.checked ? "on" : "") : control.value;
  return value.trim() !== control.dataset.recipe.trim();
};

const markChanges = () => {
  for (const knob of document.querySelectorAll("[data-knob]"))
    knob.classList.toggle("changed", [...knob.querySelectorAll("[data-recipe]")].some(departs));
  for (const section of document.querySelectorAll(".sections > details")) {
    const badge = section.querySelector("[data-changed-here]");
    const count = section.querySelectorAll(".changed").length;
    badge.hidden = count === 0;
    badge.textContent = `${count} changed`;
  }
  const total = document.querySelectorAll("[data-knob].changed").length;
  for (const summary of document.querySelectorAll("[data-num-changed]"))
    summary.textContent = total ? `${total} changed from the recipe` : "As the recipe has it";
};

document.addEventListener("input", (event) => {
  showVariants(event.target);
  if (event.target.closest(".run-form")) markChanges();
});

// A second click does not submit a second run; coming back to the page allows another one.
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".run-form")) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => delete document.querySelector(".run-form")?.dataset.sent);

document.addEventListener("htmx:afterSettle", markChanges);
document.addEventListener("DOMContentLoaded", () => {
  markChanges();
  document.getElementById("problems")?.focus();
});
