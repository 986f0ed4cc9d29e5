/** What the pages of votes have in common: a question before what cannot be undone, and selects that need no button. */

document.addEventListener("click", (event) => {
  const question = event.target.closest("[data-confirm]")?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.addEventListener("change", (event) => event.target.closest("[data-submit]")?.form.requestSubmit());
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
