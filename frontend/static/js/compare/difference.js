/** The absolute difference of two pictures, channel by channel, times a gain. */

/** Fills `out` (RGBA) and returns the mean and the largest difference, of 255, before the gain. */
export function subtract(a, b, gain, out) {
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i += 4) {
    for (let channel = i; channel < i + 3; channel += 1) {
      const difference = Math.abs(a[channel] - b[channel]);
      sum += difference;
      if (difference > largest) largest = difference;
      out[channel] = difference * gain;
    }
    out[i + 3] = 255;
  }
  return { mean: sum / ((a.length / 4) * 3), largest };
}

/** The map of two frames, made anew only where frames or gain have changed. The second is scaled to the first's size. */
export class DifferenceMap {
  constructor() {
    this.canvases = [0, 1, 2].map(() => document.createElement("canvas"));
    this.key = "";
  }

  of(first, second, gain, key) {
    if (this.key !== key) {
      this.key = key;
      this.told = this.make(first, second, gain);
    }
    const [map] = this.canvases;
    return { image: map, x: 0, y: 0, width: map.width, height: map.height, told: this.told };
  }

  make(first, second, gain) {
    const { width, height } = first;
    const [, a, b] = this.canvases;
    const pixels = [[a, first], [b, second]].map(([canvas, frame]) => {
      const context = sized(canvas, width, height);
      context.drawImage(frame.image, frame.x, frame.y, frame.width, frame.height, 0, 0, width, height);
      return context.getImageData(0, 0, width, height).data;
    });
    const context = sized(this.canvases[0], width, height);
    const out = context.createImageData(width, height);
    const told = subtract(...pixels, gain, out.data);
    context.putImageData(out, 0, 0);
    return told;
  }
}

function sized(canvas, width, height) {
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", { willReadFrequently: true });
}
