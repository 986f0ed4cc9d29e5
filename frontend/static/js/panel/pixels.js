/** Small pictures are shown pixel by pixel: blurring them would show what the model did not draw. */

const LARGEST_PIXELATED = 128;

export function sharpen(image) {
  image.classList.toggle("pixelated", image.naturalWidth <= LARGEST_PIXELATED);
}
