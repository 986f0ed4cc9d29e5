/** Both pictures enlarged at the same place, which the pointer moves. */

export function makeZoom(section, button) {
  const pictures = [...section.querySelectorAll(".ballot-picture")];

  function lookAt(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (at, start, size) => `${Math.round(1000 * Math.min(1, Math.max(0, (at - start) / size))) / 10}%`;
    section.style.setProperty("--zoom-x", share(event.clientX, box.left, box.width));
    section.style.setProperty("--zoom-y", share(event.clientY, box.top, box.height));
  }

  function toggle(isOn = !section.classList.contains("is-zoomed")) {
    section.classList.toggle("is-zoomed", isOn);
    button.setAttribute("aria-pressed", String(isOn));
  }

  for (const picture of pictures) {
    picture.addEventListener("pointermove", lookAt);
    picture.addEventListener("click", (event) => {
      if (event.detail) lookAt(event);
      toggle();
      if (event.detail) picture.blur();
    });
  }
  button.addEventListener("click", () => toggle());
  return toggle;
}
