// One step up, four ways. A window on the repeated map has k x k taps, and sees few pixels of the small one.

const WAYS = [
  ["written", "UpSampling2D, then Conv2D", "s²k²"],
  ["phased", "the same output, phase by phase", "(k+s−1)²"],
  ["transposed", "Conv2DTranspose", "k²"],
  ["shuffled", "Conv2D, then depth-to-space", "s²k²"],
];

// Along one axis: for each tap the pixel of the small map under it, or null on the padding.
function sourcesOf(s, index) {
  const first = index - TABLE.front[s.kernel_size];
  return Array.from({ length: s.kernel_size }, (_, tap) => {
    const at = Math.floor((first + tap) / s.factor);
    return at >= 0 && at < s.side ? at : null;
  });
}

function blockNumbers(s) {
  const letters = { n: s.side, s: s.factor, k: s.kernel_size, c: s.channels, f: s.filters };
  const side = s.side * s.factor, row = Math.floor(s.place / side), column = s.place % side;
  const different = (index) => new Set(sourcesOf(s, index).filter((at) => at !== null)).size;
  const numbers = { ...s, letters, row: row + 1, column: column + 1, taps: s.kernel_size * s.kernel_size };
  for (const [name] of WAYS) numbers[name] = count.macs[name](letters);
  numbers.share = (100 * (numbers.phased / numbers.written)).toFixed(1);
  return { ...numbers, seen: different(row) * different(column) };
}

// The small map; what the window sees is framed, with the number of taps that fall on it.
function drawSmall(s, x, y, cell, rows, columns) {
  const n = s.side, hits = (list, at) => list.filter((one) => one === at).length;
  let out = rect(x, y, n * cell, n * cell, "white"), frames = "", numbers = "", times = "";
  for (let index = 0; index < n * n; index++) {
    const i = Math.floor(index / n), j = index % n, left = x + j * cell, top = y + i * cell;
    const taps = hits(rows, i) * hits(columns, j);
    out += rect(left, top, cell, cell, taps ? "" : "faded", `fill="${tint(index, n)}"`);
    numbers += label(left + cell / 2, top + cell * (taps ? 0.45 : 0.6), index + 1, "mid cell");
    if (taps) {
      times += label(left + cell / 2, top + cell * 0.85, `×${taps}`, "mid cell");
      frames += box(left, top, cell, cell);
    }
  }
  return out + gridLines(x, y, n, n, cell, "lines copies") + sized(Math.min(13, cell * 0.4), numbers) +
    sized(Math.min(11, cell * 0.33), times) + path(frames, "sources");
}

// The repeated map with its padding, and the window on it.
function drawRepeated(s, x, y, cell, row, column, uid) {
  const side = s.side * s.factor, front = TABLE.front[s.kernel_size], total = side + s.kernel_size - 1;
  const inner = [x + front * cell, y + front * cell];
  let out = rect(x, y, total * cell, total * cell, "", hatched(uid, "zeros")), wasted = "", numbers = "";
  for (let index = 0; index < s.side * s.side; index++) {
    const i = Math.floor(index / s.side) * s.factor, j = (index % s.side) * s.factor, size = s.factor * cell;
    out += rect(inner[0] + j * cell, inner[1] + i * cell, size, size, "", `fill="${tint(index, s.side)}"`);
  }
  sourcesOf(s, row).forEach((i, a) => sourcesOf(s, column).forEach((j, b) => {
    const left = x + (column + b) * cell, top = y + (row + a) * cell, real = i !== null && j !== null;
    if (!real) wasted += box(left, top, cell, cell);
    if (cell >= 12) numbers += label(left + cell / 2, top + cell * 0.72, real ? i * s.side + j + 1 : 0, real ? "mid cell" : "mid zero");
  }));
  out += gridLines(inner[0], inner[1], side, side, cell, "lines copies") + path(wasted, "", hatched(uid, "wasted")) +
    sized(Math.min(13, cell * 0.6), numbers);
  out += rect(inner[0], inner[1], side * cell, side * cell, "edge") +
    rect(inner[0] + column * cell, inner[1] + row * cell, cell, cell, "target");
  const window = [x + column * cell, y + row * cell, s.kernel_size * cell, s.kernel_size * cell];
  return out + rect(...window, "halo") + rect(...window, "frame");
}

function drawWays(numbers, ghost, x, y, width, uid, narrow) {
  return WAYS.map(([name, title, formula], i) => {
    const top = y + i * 46, each = count.each[name](numbers.letters), macs = numbers[name];
    const params = count.params[name](numbers.letters), full = (of) => (of[name] / of.written) * width;
    const tip = `${title}: ${formula} = ${exact(each)} MACs per input pixel, channel and filter; ${exact(macs)} in all; ${exact(params)} parameters`;
    const words = label(x, top + 12, title, "small strong") +
      label(x + width, top + 12, narrow ? `${formula} = ${each}` : `${formula} = ${each}, so ${exact(macs)} MACs`, "small end");
    return hushed(words) + rect(x, top + 18, width, 14, "track") +
      rect(x, top + 18, full(numbers), 14, "", hatched(uid, "macs")) +
      (ghost ? rect(x, top + 18, full(ghost), 14, "ghost") : "") + hit(tip, x, top, width, 40);
  }).join("");
}

const explorer = {
  name: "four ways to a larger map",

  bounds: (s) => ({ place: { high: (s.side * s.factor) ** 2 - 1 } }),

  play: "place",

  pick(s, x, y, narrow) {
    const at = this.layout(s, narrow), front = TABLE.front[s.kernel_size], side = s.side * s.factor;
    const [column, row] = [(x - at.bigX) / at.big - front, (y - at.top) / at.big - front].map(Math.floor);
    return [row, column].every((index) => index >= 0 && index < side) ? { place: row * side + column } : null;
  },

  layout(s, narrow) {
    const total = s.side * s.factor + s.kernel_size - 1, room = narrow ? 200 : 290;
    return {
      width: narrow ? 360 : 720, top: 56, room, small: Math.min(narrow ? 30 : 44, (narrow ? 116 : 230) / s.side),
      big: Math.min(narrow ? 20 : 26, room / total), smallX: narrow ? 8 : 20, bigX: narrow ? 146 : 330,
    };
  },

  picture(s, { narrow = false, uid = "s", before = null } = {}) {
    const numbers = blockNumbers(s), at = this.layout(s, narrow), side = s.side * s.factor, margin = narrow ? 8 : 20;
    const row = numbers.row - 1, column = numbers.column - 1;
    const note = `${numbers.taps} taps, ${numbers.seen} different ${narrow ? "" : "pixels "}seen`;
    const bottom = at.top + at.room + 30;
    const inner =
      label(at.smallX, 16, `input ${s.side} × ${s.side}`, "strong") + label(at.smallX, 32, narrow ? "×: taps on it" : "× counts the taps that fall on a pixel", "soft small") +
      label(at.bigX, 16, `repeated: ${side} × ${side}`, "strong") + label(at.bigX, 32, note, "soft small") +
      drawSmall(s, at.smallX, at.top, at.small, sourcesOf(s, row), sourcesOf(s, column)) +
      drawRepeated(s, at.bigX, at.top, at.big, row, column, uid) +
      label(margin, bottom - 8, narrow ? "MACs per input pixel, c and f" : "MACs per pixel of the input, channel and filter", "strong") +
      (before ? label(at.width - margin, bottom - 8, narrow ? "dashed: before" : "dashed: before the change", "soft small end") : "") +
      drawWays(numbers, before && blockNumbers(before), margin, bottom + 4, at.width - 2 * margin, uid, narrow);
    const rows = [["way", "per pixel, channel and filter", "MACs", "parameters"],
      ...WAYS.map(([name, title]) => [title, count.each[name](numbers.letters), numbers[name], count.params[name](numbers.letters)])];
    return { svg: svg(at.width, bottom + 4 + 4 * 46, this.name, uid, inner), text: fill(SPEC.sentence, numbers), rows, numbers };
  },
};
