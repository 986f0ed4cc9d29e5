// The secret of an invitation stands behind the # of its link, which is not sent by itself: send it in the form.

document.addEventListener("DOMContentLoaded", () => {
  const code = location.hash.slice(1);
  if (!code) return;
  // Neither history nor a bookmark keeps it.
  history.replaceState(null, "", location.pathname);
  const form = document.querySelector("[data-join]");
  form.elements.code.value = code;
  form.submit();
});
