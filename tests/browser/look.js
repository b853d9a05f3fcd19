// What a page looks like to someone who reads it: these run inside the page.

/** Text whose contrast with what is behind it is below WCAG's 4.5, or 3 where it is large; charts' labels included. */
export function pale() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  // Chromium gives mixed colours as `color(srgb …)`; a canvas reads them all.
  const known = new Map();
  const rgba = (text) => {
    if (!known.has(text)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = '#000';
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  };
  const over = ([r, g, b, a], behind) => [r, g, b].map((part, at) => part * a + behind[at] * (1 - a));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((p) => (p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, two) => {
    const [a, b] = [luminance(one), luminance(two)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const paper = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduceRight((behind, layer) => over(layer, behind), [255, 255, 255]);
  };
  // Behind a label of a chart is the last shape painted before it that covers its middle.
  const shape = (label) => {
    const box = label.getBoundingClientRect();
    const svg = label.ownerSVGElement;
    let behind = paper(svg);
    for (const drawn of svg.querySelectorAll('rect, path, polygon, circle')) {
      if (label.compareDocumentPosition(drawn) & Node.DOCUMENT_POSITION_FOLLOWING) break;
      const style = getComputedStyle(drawn);
      const matrix = drawn.getScreenCTM();
      if (style.fill === 'none' || style.fill.startsWith('url') || style.visibility === 'hidden' || !matrix) continue;
      const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2).matrixTransform(matrix.inverse());
      const [r, g, b, a] = rgba(style.fill);
      if (drawn.isPointInFill(middle)) behind = over([r, g, b, a * style.fillOpacity * style.opacity], behind);
    }
    return behind;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (seen.has(element) || !walker.currentNode.data.trim() || element.closest('script, style, template, title')) continue;
    seen.add(element);
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const style = getComputedStyle(element);
    const label = element.ownerSVGElement;
    // An outline that is painted first is what the letters stand on (WCAG 2.2, contrast ratio, note 4).
    const outlined = label && style.paintOrder.startsWith('stroke') && style.stroke !== 'none' && parseFloat(style.strokeWidth) >= 2;
    const behind = outlined ? over(rgba(style.stroke), shape(element)) : label ? shape(element) : paper(element);
    const ink = over(rgba(label ? style.fill : style.color), behind);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const got = contrast(ink, behind);
    if (got < (large && !label ? 3 : 4.5)) {
      found.push(`${got.toFixed(2)} to 1: ${element.tagName} "${walker.currentNode.data.trim().slice(0, 40)}"`);
    }
  }
  return found;
}

/** What sticks out of the window to the right, so that the whole page has to be moved sideways. */
export function sticksOut() {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolled = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== 'visible') return true;
    }
    return false;
  };
  const out = [...document.body.querySelectorAll('*')].filter((it) => it.getBoundingClientRect().right > wide + 0.5);
  const named = out.filter((it) => !scrolled(it)).map((it) => `${it.outerHTML.slice(0, 100)}`);
  return named.length > 0 ? named.slice(0, 5) : [`the page is ${document.documentElement.scrollWidth} wide`];
}

/** Numbers what a keyboard must reach, and gives how many there are. Radio buttons of one name are one stop. */
export function numberStops() {
  const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex="-1"])';
  const usable = [...document.querySelectorAll(wanted)].filter(
    (it) => !it.disabled && it.tabIndex >= 0 && it.checkVisibility({ visibilityProperty: true }),
  );
  const groups = new Map();
  usable.forEach((it) => {
    const group = it.type === 'radio' ? `radio ${it.name}` : it;
    if (!groups.has(group)) groups.set(group, groups.size);
    it.dataset.stop = groups.get(group);
  });
  return groups.size;
}

/** The elements of these stops, for a person to find. */
export function atStops(stops) {
  return stops.map((stop) => document.querySelector(`[data-stop="${stop}"]`).outerHTML.slice(0, 120));
}

/** What has the focus now: which it is, whether that can be seen, and whether something lies over it. */
export function focused() {
  const it = document.activeElement;
  if (!it || it === document.body || it === document.documentElement) return null;
  const style = getComputedStyle(it);
  const box = it.getBoundingClientRect();
  const part = [Math.max(box.left, 0), Math.max(box.top, 0), Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
  const top = document.elementFromPoint((part[0] + part[2]) / 2, (part[1] + part[3]) / 2);
  return {
    stop: it.dataset.stop,
    html: it.outerHTML.slice(0, 120),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: part[2] - part[0] > 1 && part[3] - part[1] > 1,
    covered: top === null || !(it.contains(top) || top.contains(it) || top.closest('label')?.control === it),
  };
}
