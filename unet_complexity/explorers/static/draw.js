// Text, numbers and SVG, without a page: the same functions draw in a browser and for the still picture.

const esc = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");

const exact = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

// 48,096,083,968 -> "48.1 G"; small numbers stay as they are, since three digits would hide what was counted
function short(n) {
  if (n < 10000) return exact(Math.round(n));
  const power = Math.min(5, Math.floor((Math.log10(n) + 1e-12) / 3));
  const value = (n / 1000 ** power).toPrecision(3);
  if (value === "1.00e+3") return `1.00 ${"kMGTP"[Math.min(4, power)]}`;
  return `${value} ${"kMGTP"[power - 1]}`;
}

function bytes(size) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = size < 1024 ? 0 : Math.min(3, Math.floor(Math.log2(size) / 10));
  return power === 0 ? `${size} bytes` : `${(size / 1024 ** power).toFixed(1)} ${units[power]}`;
}

// The sentence is one template, filled here and by Python.
const written = (value) => (typeof value === "number" ? exact(value) : String(value));
const singular = (text) => text.replace(/(^|[^\d,.])1 ((?:different )?(?:element|MAC|parameter|pixel|tap|place))s\b/g, "$11 $2");
const fill = (template, values) => singular(template.replace(/\{(\w+)\}/g, (_, name) => written(values[name])));

const QUANTITIES = {
  params: { name: "parameters", unit: "parameters" },
  macs: { name: "MACs", unit: "MACs" },
  memory: { name: "memory", unit: "activation elements" },
};

const round = (value) => Math.round(value * 100) / 100;

// A rectangle as part of a path.  Shapes that look the same share one path, because each element costs time.
function box(x, y, width, height) {
  const across = round(Math.max(0, width));
  return `M${round(x)} ${round(y)}h${across}v${round(Math.max(0, height))}h${-across}z`;
}

const rect = (x, y, width, height, cls, more = "") => path(box(x, y, width, height), cls, more);

const label = (x, y, text, cls = "") => `<text x="${round(x)}" y="${round(y)}" class="${cls}">${esc(text)}</text>`;

// Labels with their own font size, set once for all of them.
const sized = (size, labels) => `<g style="font-size:${round(size)}px">${labels}</g>`;

const path = (d, cls, more = "") => (d ? `<path d="${d}" class="${cls}" ${more}/>` : "");

// A part that tells its numbers when pointed at, or reached by the arrow keys.
const telling = (tip) => `role="img" tabindex="-1" aria-label="${esc(tip)}"`;
const mark = (tip, inner) => `<g class="mark" ${telling(tip)}>${inner}</g>`;

// A transparent mark on top of a part of the picture; and labels that a screen reader skips, since a mark tells the same.
const hit = (tip, x, y, width, height) => rect(x, y, width, height, "mark hit", telling(tip));
const hushed = (words) => `<g aria-hidden="true">${words}</g>`;

// Lines between the cells of a grid, as one path: many small rectangles would be slow.
function gridLines(x, y, columns, rows, cell, cls = "lines") {
  let d = "";
  for (let i = 0; i <= columns; i++) d += `M${round(x + i * cell)} ${round(y)}v${round(rows * cell)}`;
  for (let j = 0; j <= rows; j++) d += `M${round(x)} ${round(y + j * cell)}h${round(columns * cell)}`;
  return path(d, cls);
}

// Light tints, told apart by hue along a row and by lightness down a column; numbers tell them apart without colour.
function tintOf(index, side) {
  const row = Math.floor(index / side), column = index % side;
  return [(column * 300) / side + 20 + row * 7, 62 - row * 4, 86 - row * 5];
}

const tint = (index, side) => { const [hue, depth, light] = tintOf(index, side); return `hsl(${Math.round(hue)}, ${depth}%, ${light}%)`; };

// Several tints blended, as light is: [[index, weight], ...].
function blend(parts, side) {
  const mixed = [0, 8, 4].map((offset) => parts.reduce((sum, [index, weight]) => {
    const [hue, depth, light] = tintOf(index, side), at = (offset + hue / 30) % 12;
    const spread = (depth / 100) * Math.min(light / 100, 1 - light / 100);
    return sum + weight * (light / 100 - spread * Math.max(-1, Math.min(at - 3, 9 - at, 1)));
  }, 0));
  return `rgb(${mixed.map((value) => Math.round(255 * value)).join(",")})`;
}

// One colour and one hatch for each quantity, in every explorer. Ids are page-wide, so each explorer brings its own.
const hatches = (uid) => `<defs>
<pattern id="${uid}-params" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="6" height="6" class="fill-params"/><rect width="2" height="6" class="hatch"/></pattern>
<pattern id="${uid}-macs" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="fill-macs"/></pattern>
<pattern id="${uid}-memory" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" class="fill-memory"/><circle cx="3" cy="3" r="1.2" class="hatch"/></pattern>
<pattern id="${uid}-zeros" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
<rect width="6" height="6" class="fill-paper"/><rect width="1.2" height="6" class="fill-faint"/></pattern>
<pattern id="${uid}-wasted" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
<rect width="6" height="6" class="fill-paper"/><rect width="2" height="6" class="fill-macs"/></pattern>
</defs>`;

const hatched = (uid, name) => `fill="url(#${uid}-${name})"`;

const svg = (width, height, name, uid, inner) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(height)}" role="group"` +
  ` aria-label="${esc(name)}">${hatches(uid)}${inner}</svg>`;
