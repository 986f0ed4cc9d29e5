/** Wheel, drag, pinch and double click on a canvas. `eyes` has `isLive()`, `look()`, `pan(…)`, `zoom(…)`, `grab(…)`, `release()`. */

const DOUBLE_CLICK_ZOOM = 4;
const WHEEL_SPEED = 0.0015;
const LINE_PIXELS = 16;

export function listen(canvas, eyes) {
  const held = new Map();

  canvas.addEventListener(
    "wheel",
    (event) => {
      // Where there is nothing to zoom out of, the page scrolls on.
      if (!eyes.isLive() || (event.deltaY > 0 && eyes.look().zoom === 1)) return;
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PIXELS : 1);
      eyes.zoom(canvas, Math.exp(-pixels * WHEEL_SPEED), pointOn(canvas, event));
    },
    { passive: false },
  );
  canvas.addEventListener("dblclick", (event) => {
    if (!eyes.isLive()) return;
    const { zoom } = eyes.look();
    eyes.zoom(canvas, zoom > 1 ? 1 / zoom : DOUBLE_CLICK_ZOOM, pointOn(canvas, event));
  });
  // One finger may scroll the page; two are ours.
  canvas.addEventListener("touchstart", (event) => event.touches.length > 1 && eyes.isLive() && event.preventDefault(), {
    passive: false,
  });
  canvas.addEventListener("pointerdown", (event) => {
    if (!eyes.isLive()) return;
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, pointOn(canvas, event));
    if (held.size === 1) eyes.grab(canvas, pointOn(canvas, event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held.has(event.pointerId)) return;
    const before = [...held.values()];
    held.set(event.pointerId, pointOn(canvas, event));
    const after = [...held.values()];
    const [from, to] = [middle(before), middle(after)];
    if (held.size === 2) eyes.zoom(canvas, spread(after) / spread(before), from);
    eyes.pan(canvas, to.x - from.x, to.y - from.y, to);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      held.delete(event.pointerId);
      if (!held.size) eyes.release();
    });
  }
}

/** In pixels of the canvas, which on fine screens are smaller than those of the page. */
function pointOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) * canvas.width) / box.width,
    y: ((event.clientY - box.top) * canvas.height) / box.height,
  };
}

function middle(points) {
  const mean = (name) => points.reduce((sum, point) => sum + point[name], 0) / points.length;
  return { x: mean("x"), y: mean("y") };
}

function spread([a, b]) {
  return Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1);
}
