/** The editor of a sweep: a search over the knobs that writes lines, and the button that fits what is described. */

export function startSweep(form) {
  const axes = form.querySelector("#id_axes");
  if (!axes || axes.dataset.started) return;
  axes.dataset.started = "yes";
  const knobs = [...form.querySelectorAll(".run-main [data-knob].field")].filter((field) => field.dataset.knob !== "seed");
  startPicker(form, axes, knobs);
  for (const field of knobs) addVary(field, axes);
  const show = () => chooseButton(form);
  for (const input of [axes, form.querySelector("#id_seeds")]) input.addEventListener("input", show);
  show();
}

/** One button is the main one: that of a sweep once a sweep is described. */
function chooseButton(form) {
  const isSweep = Boolean(form.querySelector("#id_axes").value.trim() || form.querySelector("#id_seeds").value.trim());
  const one = form.querySelector("[data-submit-one]");
  one.textContent = isSweep ? "Review the sweep" : "Submit run";
  // Also the hidden first button, which Enter presses.
  for (const button of [one, form.querySelector("button.visually-hidden")]) {
    if (isSweep) button.setAttribute("formaction", form.querySelector("[data-submit-sweep]").getAttribute("formaction"));
    else button.removeAttribute("formaction");
  }
}

function startPicker(form, axes, knobs) {
  const picker = form.querySelector(".axis-picker");
  const [name, values] = picker.querySelectorAll("input");
  picker.hidden = false;
  picker.querySelector("datalist").replaceChildren(
    ...knobs.map((field) => {
      const option = document.createElement("option");
      option.value = field.dataset.knob;
      option.textContent = field.querySelector("label")?.textContent.trim().replace(/\s+/g, " ");
      return option;
    }),
  );
  // What stands here is no part of the form yet.
  for (const type of ["input", "change"]) picker.addEventListener(type, (event) => event.stopPropagation());
  name.addEventListener("change", () => {
    const field = knobs.find((one) => one.dataset.knob === name.value);
    if (field && !values.value) values.value = valueOf(field);
  });
  const add = () => {
    if (!name.value.trim()) return name.focus();
    addLine(axes, name.value.trim(), values.value.trim());
    name.value = values.value = "";
  };
  picker.querySelector("#axis-add").addEventListener("click", add);
  picker.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
}

function addVary(field, axes) {
  const label = field.querySelector("label");
  if (!label || label.querySelector(".vary")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link vary";
  button.textContent = "vary";
  button.setAttribute("aria-label", `Vary ${field.dataset.knob} in a sweep`);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    axes.closest("details").open = true;
    addLine(axes, field.dataset.knob, valueOf(field));
    axes.scrollIntoView({ block: "center" });
    axes.focus();
  });
  label.append(button);
}

/** A knob that is varied already keeps its line. */
function addLine(axes, knob, values) {
  const lines = axes.value.split("\n").filter((line) => line.trim());
  if (!lines.some((line) => line.startsWith(`${knob}:`))) lines.push(`${knob}: ${values}${values ? ", " : ""}`);
  axes.value = lines.join("\n");
  axes.dispatchEvent(new Event("input", { bubbles: true }));
}

function valueOf(field) {
  const control = field.querySelector("input, select, textarea");
  if (control?.type === "checkbox") return "on, off";
  return control?.tagName === "TEXTAREA" ? "" : (control?.value ?? "");
}
