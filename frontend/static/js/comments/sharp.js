/** Pictures of a page that is not the panel's, small ones pixel by pixel. */

import { sharpen } from "../panel/pixels.js";

for (const image of document.querySelectorAll("[data-sharp]")) {
  if (image.complete) sharpen(image);
  else image.addEventListener("load", () => sharpen(image));
}
