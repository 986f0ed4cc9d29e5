// Which checkpoints draw. Those that are chosen stand in a list of their own, which no search takes away; the rows of
// runs say which they are, and offer no more of them once there are enough.

function makeChosen(box) {
  const label = document.createElement("label");
  const copy = Object.assign(document.createElement("input"), { type: "checkbox", name: "policies" });
  const words = document.createElement("span");
  label.className = "tick";
  copy.value = box.value;
  copy.checked = true;
  copy.dataset.name = words.textContent = box.dataset.name;
  label.append(copy, words);
  return label;
}

export function keepChoice(form) {
  const most = Number(form.dataset.most);
  const words = form.querySelector("[data-chosen]");
  const list = form.querySelector("[data-chosen-list]");
  const rows = form.querySelector("#play-rows");

  const show = () => {
    const chosen = new Map([...list.querySelectorAll("input")].map((box) => [box.value, box.dataset.name]));
    list.hidden = !chosen.size;
    words.textContent = chosen.size ? [...chosen.values()].join(", ") : `choose up to ${most}`;
    for (const box of rows.querySelectorAll("input")) {
      box.checked = chosen.has(box.value);
      box.disabled = !box.checked && chosen.size >= most;
    }
  };

  form.addEventListener("change", (event) => {
    const box = event.target;
    if (box.name !== "policies") return;
    if (box.checked) list.append(makeChosen(box));
    else list.querySelector(`input[value="${CSS.escape(box.value)}"]`)?.closest("label").remove();
    show();
  });
  rows.addEventListener("htmx:afterSwap", show);
  show();
}
