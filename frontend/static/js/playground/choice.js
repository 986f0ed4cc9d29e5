// Which checkpoints draw: says their names, and offers no more of them once there are enough.

const boxes = (form) => [...form.querySelectorAll("input[name=policies]")];

export function keepChoice(form) {
  const most = Number(form.dataset.most);
  const words = form.querySelector("[data-chosen]");

  const show = () => {
    const chosen = new Map(boxes(form).filter((box) => box.checked).map((box) => [box.value, box.dataset.name]));
    words.textContent = chosen.size ? [...chosen.values()].join(", ") : `choose up to ${most}`;
    for (const box of boxes(form)) box.disabled = !box.checked && chosen.size >= most;
  };

  form.addEventListener("change", (event) => {
    if (event.target.name !== "policies") return;
    // The same one may stand twice: among the chosen, and in its run's row.
    for (const box of boxes(form)) if (box.value === event.target.value) box.checked = event.target.checked;
    show();
  });
  // Rows that a search brings know nothing of what is chosen.
  form.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "play-rows") return;
    const chosen = new Set(boxes(form).filter((box) => box.checked).map((box) => box.value));
    for (const box of boxes(form)) box.checked = chosen.has(box.value);
    show();
  });
  const chosen = new Set(boxes(form).filter((box) => box.checked).map((box) => box.value));
  for (const box of boxes(form)) box.checked = chosen.has(box.value);
  show();
}
