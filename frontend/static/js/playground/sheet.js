// Watches a sheet that is being drawn: fills its cells as pictures come, and says how far it is.

const EVERY = 300;
const WHEN_AWAY = 2000;
const LIVE = ["waiting", "drawing"];

const cellAt = (section, place) => section.querySelector(`.play-cell[data-place="${place}"]`);

function fill(section, place, html) {
  const cell = cellAt(section, place);
  if (!cell || cell.dataset.ref) return;
  const made = document.createElement("template");
  made.innerHTML = html.trim();
  const fresh = made.content.firstElementChild;
  cell.replaceWith(fresh);
  window.htmx.process(fresh);
  offerComparison(fresh.closest("[data-row]"));
}

function offerComparison(row) {
  const link = row.querySelector("[data-compare]");
  const refs = [...row.querySelectorAll("[data-ref]")].map((cell) => cell.dataset.ref);
  link.href = `${link.pathname}?items=${refs.join(",")}`;
  link.hidden = refs.length < 2;
}

function showStep(section, step) {
  for (const bar of section.querySelectorAll("progress")) {
    const isAtWork = step && bar.closest(".play-cell").dataset.place === String(step.place);
    bar.hidden = !isAtWork;
    if (isAtWork) bar.value = step.step / step.num_steps;
  }
}

function show(section, answer) {
  for (const [place, html] of Object.entries(answer.cells)) fill(section, place, html);
  showStep(section, answer.step);
  const words = section.querySelector("[data-words]");
  if (words.textContent !== answer.words) words.textContent = answer.words;
  words.classList.toggle("bad", answer.state === "failed");
  if (!LIVE.includes(answer.state)) section.querySelector("[data-stop]")?.remove();
}

export function watch(section) {
  const address = section?.dataset.sheet;
  if (!address) return;
  let have = Number(section.dataset.have);

  const ask = async () => {
    if (!section.isConnected) return;
    if (document.hidden) return later(EVERY);
    let answer;
    try {
      const response = await fetch(`${address}?have=${have}`);
      if (response.status === 401) return location.reload();
      if (!response.ok) throw new Error(response.statusText);
      answer = await response.json();
    } catch {
      document.body.classList.add("is-offline");
      return later(WHEN_AWAY);
    }
    document.body.classList.remove("is-offline");
    have = answer.drawn;
    show(section, answer);
    if (LIVE.includes(answer.state)) later(EVERY);
  };
  const later = (milliseconds) => setTimeout(ask, milliseconds);
  ask();
}
