/** A video stands still on its tile and plays while it is pointed at or has the focus. */

const LESS_MOTION = matchMedia("(prefers-reduced-motion: reduce)");

export const wantsLessMotion = () => LESS_MOTION.matches;

/** `element` is what is pointed at, `image` shows `still` or else `moving`. */
export function playWhilePointedAt(element, image, { still, moving }) {
  const play = () => {
    if (!wantsLessMotion()) image.src = moving;
  };
  const stop = () => {
    if (!element.matches(":hover, :focus-within")) image.src = still;
  };
  element.addEventListener("pointerenter", play);
  element.addEventListener("focusin", play);
  element.addEventListener("pointerleave", stop);
  // The focus is still where it was while this event is told.
  element.addEventListener("focusout", () => setTimeout(stop));
}
