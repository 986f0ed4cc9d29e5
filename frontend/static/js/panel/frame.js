/** Inside the run page: tells it how tall the panel is, so that the frame never scrolls by itself. */

export function reportHeight(element) {
  if (window.parent === window) return;
  let last = 0;
  const report = () => {
    const height = Math.ceil(element.getBoundingClientRect().bottom + window.scrollY) + 4;
    if (height === last) return;
    last = height;
    window.parent.postMessage({ type: "panel:height", height }, location.origin);
  };
  new ResizeObserver(report).observe(element);
  report();
}
