// What the pages do in the browser beside htmx: theme, menus and a lost connection.

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

// On a phone the bars are wider than the screen: what is shown is to be seen in them.
document.addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll("nav a[aria-current]")) {
    const [bar, place] = [link.closest("nav"), link.getBoundingClientRect()];
    bar.scrollLeft += place.left + place.width / 2 - bar.getBoundingClientRect().left - bar.clientWidth / 2;
  }
});

for (const failure of ["htmx:sendError", "htmx:responseError"])
  document.addEventListener(failure, () => document.body.classList.add("is-offline"));
document.addEventListener("htmx:afterOnLoad", () => document.body.classList.remove("is-offline"));
