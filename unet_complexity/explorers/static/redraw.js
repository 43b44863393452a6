// Draws a picture's next state.  Where most of its elements are the same as before they stay: a phone is slow to lay out text.

// The picture's own tag, then the text of each element in it with all that is inside.
function partsOf(svg) {
  const parts = [];
  let depth = 0, start = 0;
  for (const { 0: tag, index } of svg.matchAll(/<[^>]*>/g)) {
    if (tag.startsWith("</")) depth -= 1;
    else if (!tag.endsWith("/>")) depth += 1;
    if (depth > 1) continue;
    parts.push(svg.slice(start, index + tag.length));
    start = index + tag.length;
  }
  return parts.slice(0, -1);
}

function pictureIn(place) {
  const holder = h("div");
  let drawn = new Map(); // the text of each element, and the element
  return (svg) => {
    const [tag, ...parts] = partsOf(svg), fresh = parts.filter((part) => !drawn.has(part));
    if (2 * fresh.length > parts.length || new Set(parts).size < parts.length) {
      place.innerHTML = svg;
    } else {
      const picture = place.firstChild;
      holder.innerHTML = `${tag}${fresh.join("")}</svg>`;
      const { attributes, children } = holder.firstChild, created = [...children];
      for (const { name, value } of attributes) if (picture.getAttribute(name) !== value) picture.setAttribute(name, value);
      const nodes = parts.map((part) => drawn.get(part) ?? created.shift()), stay = new Set(nodes);
      for (const node of [...picture.children]) if (!stay.has(node)) node.remove();
      nodes.forEach((node, i) => { if (picture.children[i] !== node) picture.insertBefore(node, picture.children[i] ?? null); });
    }
    const elements = [...place.firstChild.children];
    drawn = new Map(parts.map((part, i) => [part, elements[i]]));
  };
}
