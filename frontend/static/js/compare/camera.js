/**
 * Which part of a picture is seen. Zoom 1 is the whole picture, and (x, y), from 0 to 1, is the point in the middle, so
 * that one camera serves canvases and pictures of all sizes.
 */

export const MOST_ZOOM = 64;
const LARGEST_PIXELATED = 128;

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Canvas pixels for one pixel of the picture. */
export function scaleOf(camera, size, canvas) {
  return camera.zoom * Math.min(canvas.width / size.width, canvas.height / size.height);
}

/** Where the picture lies on the canvas. */
export function placeOf(camera, size, canvas) {
  const scale = scaleOf(camera, size, canvas);
  return {
    left: canvas.width / 2 - camera.x * size.width * scale,
    top: canvas.height / 2 - camera.y * size.height * scale,
    width: size.width * scale,
    height: size.height * scale,
  };
}

/** The camera after the picture was dragged by so many canvas pixels. */
export function panned(camera, size, canvas, right, down) {
  if (!hasExtent(size, canvas)) return camera;
  const scale = scaleOf(camera, size, canvas);
  return settled({ ...camera, x: camera.x - right / (size.width * scale), y: camera.y - down / (size.height * scale) });
}

/** The camera after zooming by a factor, with the point below `at` (canvas pixels) staying where it is. */
export function zoomed(camera, size, canvas, factor, at = { x: canvas.width / 2, y: canvas.height / 2 }) {
  const zoom = clamp(camera.zoom * factor, 1, MOST_ZOOM);
  if (!hasExtent(size, canvas)) return settled({ ...camera, zoom });
  const [before, after] = [scaleOf(camera, size, canvas), scaleOf({ zoom }, size, canvas)];
  const shift = 1 / before - 1 / after;
  const x = camera.x + ((at.x - canvas.width / 2) * shift) / size.width;
  const y = camera.y + ((at.y - canvas.height / 2) * shift) / size.height;
  return settled({ zoom, x, y });
}

/** A canvas that was not laid out yet has none, and a picture that is not there yet: no point of it is below anything. */
const hasExtent = (...boxes) => boxes.every((box) => box.width > 0 && box.height > 0);

/** The whole picture has its place in the middle; and none is pushed out of sight. */
function settled({ zoom, x, y }) {
  const reach = 0.5 - 0.5 / zoom;
  return { zoom, x: clamp(x, 0.5 - reach, 0.5 + reach), y: clamp(y, 0.5 - reach, 0.5 + reach) };
}

/** Draw a frame ({image, x, y, width, height}: part of an image) as the camera sees it. */
export function drawFrame(canvas, frame, camera) {
  const context = canvas.getContext("2d");
  const place = placeOf(camera, frame, canvas);
  // Pixels are seen as pixels: blurring them would show what the model did not draw.
  const isCoarse = Math.max(frame.width, frame.height) <= LARGEST_PIXELATED || place.width >= 2 * frame.width;
  context.imageSmoothingEnabled = !isCoarse;
  context.imageSmoothingQuality = "high";
  context.drawImage(
    ...[frame.image, frame.x, frame.y, frame.width, frame.height],
    ...[place.left, place.top, place.width, place.height],
  );
}
