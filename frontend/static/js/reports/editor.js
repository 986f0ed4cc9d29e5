/** The editor of reports: a panel is inserted where the cursor is, and what was not saved is not lost by accident. */

const form = document.getElementById("report-form");
const body = document.getElementById("id_body");
const picker = document.getElementById("report-picker");
const problem = document.getElementById("picked-problem");

/** Panels stand on their own: an empty line before and after. */
function insert(block) {
  const before = body.value.slice(0, body.selectionStart).trimEnd();
  const after = body.value.slice(body.selectionEnd).trimStart();
  const head = before ? `${before}\n\n${block}\n` : `${block}\n`;
  body.value = after ? `${head}\n${after}` : head;
  body.focus();
  body.setSelectionRange(head.length, head.length);
  body.dispatchEvent(new Event("input", { bubbles: true }));
}

function say(words) {
  problem.textContent = words;
  problem.hidden = !words;
}

picker?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = new URLSearchParams(new FormData(picker));
  if (!asked.has("run")) return say("Tick the runs that it is to show.");
  try {
    const answer = await fetch(`${picker.dataset.block}?${asked}`, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    say("");
    insert(await answer.text());
  } catch {
    say("The server does not answer: try again.");
  }
});

// A team has runs of its own.
document.getElementById("id_team")?.addEventListener("change", (event) => {
  picker.elements.team.value = event.target.value;
  picker.elements.find.dispatchEvent(new Event("refresh"));
  body.dispatchEvent(new Event("input", { bubbles: true }));
});

// It stands below the editor, where one may not see that it has come.
document.getElementById("report-preview").addEventListener("htmx:afterSwap", (event) => event.currentTarget.scrollIntoView());

let isChanged = form.hasAttribute("data-unsaved");
form.addEventListener("input", () => (isChanged = true));
form.addEventListener("submit", () => (isChanged = false));
window.addEventListener("beforeunload", (event) => isChanged && event.preventDefault());
