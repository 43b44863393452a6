// A k x k window on a padded grid. The counter adds up what the window really touches; the product is the formula.

// Stops, zeros in front and taps in bounds are the package's integers; what remains is where things lie.
function windowGeometry(s) {
  const key = `${s.padding},${s.side},${s.kernel_size},${s.strides},${s.dilation_rate}`;
  const [stops, front, taps] = TABLE[key];
  const reach = (s.kernel_size - 1) * s.dilation_rate + 1;
  const total = Math.max(front + s.side, (stops - 1) * s.strides + reach);
  return { stops, front, taps, reach, total };
}

// Rows (or columns) of the padded grid that a window touches at its place along one axis.
const touched = (s, index) =>
  Array.from({ length: s.kernel_size }, (_, tap) => index * s.strides + tap * s.dilation_rate);

function windowNumbers(s) {
  const { stops, front, taps } = windowGeometry(s);
  const sizes = { m: stops, k: s.kernel_size, c: s.channels, f: s.filters };
  const inside = (index) => touched(s, index).filter((i) => i >= front && i < front + s.side).length;
  const row = Array.from({ length: stops }, (_, i) => inside(i));
  let seen = 0;
  for (let place = 0; place <= s.step; place++) seen += row[Math.floor(place / stops)] * row[place % stops];
  const tap = count.tap(sizes);
  return {
    ...s, stops, all_stops: stops * stops, stop: s.step + 1,
    macs: count.macs(sizes), in_bounds: taps * tap,
    so_far: (s.step + 1) * s.kernel_size * s.kernel_size * tap, in_bounds_so_far: seen * tap,
  };
}

// Sheets behind a grid: it has channels, of which the picture shows one.
function drawSheets(x, y, side, channels) {
  const sheets = channels > 8 ? 3 : channels > 1 ? 2 : 1;
  let out = "";
  for (let i = sheets - 1; i > 0; i--) out += rect(x + 6 * i, y - 6 * i, side, side, "sheet");
  return out;
}

function drawInput(s, g, x, y, cell, uid) {
  const row = Math.floor(s.step / g.stops), column = s.step % g.stops;
  let out = drawSheets(x, y, g.total * cell, s.channels) + rect(x, y, g.total * cell, g.total * cell, "", hatched(uid, "zeros"));
  out += rect(x + g.front * cell, y + g.front * cell, s.side * cell, s.side * cell, "data");
  const taps = { real: "", wasted: "" };
  let words = "";
  for (const i of touched(s, row)) {
    for (const j of touched(s, column)) {
      const real = [i, j].every((at) => at >= g.front && at < g.front + s.side);
      taps[real ? "real" : "wasted"] += box(x + j * cell, y + i * cell, cell, cell);
      if (cell >= 15) words += label(x + (j + 0.5) * cell, y + (i + 0.5) * cell + 4, real ? "×" : "0", real ? "on mid" : "mid zero");
    }
  }
  out += path(taps.real, "fill-macs") + path(taps.wasted, "", hatched(uid, "wasted")) + sized(13, words) + gridLines(x, y, g.total, g.total, cell);
  out += rect(x + g.front * cell, y + g.front * cell, s.side * cell, s.side * cell, "edge");
  const at = (index) => index * s.strides * cell;
  return out + rect(x + at(column), y + at(row), g.reach * cell, g.reach * cell, "frame");
}

function drawOutput(s, g, x, y, cell) {
  const row = Math.floor(s.step / g.stops), column = s.step % g.stops, side = g.stops * cell;
  let out = drawSheets(x, y, side, s.filters) + rect(x, y, side, side, "fill-paper");
  out += rect(x, y, side, row * cell, "done") + rect(x, y + row * cell, column * cell, cell, "done");
  out += rect(x + column * cell, y + row * cell, cell, cell, "fill-macs");
  return out + gridLines(x, y, g.stops, g.stops, cell) + rect(x, y, side, side, "edge") +
    rect(x + column * cell, y + row * cell, cell, cell, "frame");
}

// Each factor with the product so far under it: the formula itself, its later letters still 1.
function drawProduct(s, g, numbers, x, y, width, narrow) {
  const sizes = { m: g.stops, k: 1, c: 1, f: 1 }, k = s.kernel_size;
  const factors = [
    ["", g.stops * g.stops, `stops ${g.stops} × ${g.stops}`, {}], ["× ", k * k, `taps ${k} × ${k}`, { k }],
    ["× ", s.channels, "channels in", { c: s.channels }], ["× ", s.filters, "filters", { f: s.filters }],
  ];
  const gap = narrow ? 6 : 10, wide = (width - gap * 3) / 4;
  let out = "";
  factors.forEach(([times, value, name, letters], i) => {
    const product = count.macs(Object.assign(sizes, letters)), left = x + i * (wide + gap);
    const tip = `${name}: ${times}${exact(value)}, product so far ${exact(product)}`;
    out += mark(tip, rect(left, y, wide, 62, "token") + label(left + wide / 2, y + 24, times + exact(value), "big mid") +
      label(left + wide / 2, y + 40, name, "soft mid small") + rect(left, y + 46, wide, 16, "plate") +
      label(left + wide / 2, y + 58, `= ${narrow ? short(product) : exact(product)}${i === 3 && !narrow ? " MACs" : ""}`, "mid small strong"));
  });
  return out;
}

function drawCounters(numbers, x, y, width, uid, narrow) {
  const rows = [
    ["dense", "zeros are multiplied too", numbers.so_far, numbers.macs],
    ["in bounds", "only real data", numbers.in_bounds_so_far, numbers.in_bounds],
  ];
  return rows.map(([name, meaning, soFar, all], i) => {
    const top = y + i * 44, scale = width / numbers.macs;
    return mark(`${name}: ${exact(soFar)} of ${exact(all)} MACs`, rect(x, top, width, 32, "hit") +
      label(x, top + 12, narrow ? name : `${name}: ${meaning}`, "small strong") +
      label(x + width, top + 12, `${exact(soFar)} of ${exact(all)} MACs`, "small end") +
      rect(x, top + 18, all * scale, 14, "track") + rect(x, top + 18, soFar * scale, 14, "", hatched(uid, "macs")) +
      rect(x, top + 18, all * scale, 14, "edge"));
  }).join("");
}

const explorer = {
  name: "a window walks over a padded grid",

  bounds(s) {
    const dilation = s.strides > 1 ? 1 : s.dilation_rate, reach = (s.kernel_size - 1) * dilation + 1;
    const side = Math.max(s.side, s.padding === "valid" ? Math.max(reach, 3) : 3);
    const known = TABLE[`${s.padding},${side},${s.kernel_size},${s.strides},${dilation}`];
    return {
      side: s.padding === "valid" ? { low: Math.max(3, reach) } : {},
      dilation_rate: s.strides > 1 ? { high: 1 } : {},
      step: known ? { high: known[0] * known[0] - 1 } : {},
    };
  },

  play: "step",

  // Which place a point of the picture means: the output cell under it, or the window nearest to it on the input.
  pick(s, x, y, narrow) {
    const at = this.layout(s, narrow), { stops, reach, total } = at.g;
    const place = (left, cell, size, stop) => {
      const cells = [x - left, y - at.top].map((distance) => distance / cell);
      if (cells.some((one) => one < 0 || one >= size)) return null;
      const [column, row] = cells.map((one) => Math.max(0, Math.min(stops - 1, Math.floor(stop(one)))));
      return { step: row * stops + column };
    };
    return place(at.outX, at.outCell, stops, (one) => one) ||
      place(at.inX, at.cell, total, (one) => (one - reach / 2) / s.strides + 0.5);
  },

  layout(s, narrow) {
    const g = windowGeometry(s), width = narrow ? 360 : 720, room = narrow ? 190 : 270;
    const cell = Math.min(narrow ? 26 : 34, room / g.total), top = 52;
    const outRoom = narrow ? 110 : 230, outCell = Math.min(cell, outRoom / g.stops);
    const inX = narrow ? 8 : 40, outX = narrow ? 232 : 420;
    return { g, width, room, cell, top, outCell, inX, outX, bottom: top + room };
  },

  picture(s, { narrow = false, uid = "s" } = {}) {
    const numbers = windowNumbers(s), at = this.layout(s, narrow), g = at.g;
    const row = Math.floor(s.step / g.stops), column = s.step % g.stops;
    const from = [at.inX + (column * s.strides + g.reach) * at.cell, at.top + row * s.strides * at.cell];
    const to = [at.outX + column * at.outCell, at.top + row * at.outCell];
    const beam = `M${from.map(round)}L${to.map(round)}v${round(at.outCell)}L${round(from[0])} ${round(from[1] + g.reach * at.cell)}Z`;
    const padded = g.total > s.side ? `, zeros to ${g.total} × ${g.total}` : "";
    const bottom = at.top + Math.max(g.total * at.cell, narrow ? 130 : 180) + 16, margin = narrow ? 6 : 20;
    const inner =
      label(at.inX, 16, "input", "strong") + label(at.inX, 32, `${s.side} × ${s.side} × ${s.channels}${padded}`, "soft small") +
      label(at.outX, 16, "output", "strong") + label(at.outX, 32, `${g.stops} × ${g.stops} × ${s.filters}`, "soft small") +
      drawInput(s, g, at.inX, at.top, at.cell, uid) + path(beam, "beam") +
      drawOutput(s, g, at.outX, at.top, at.outCell) +
      drawProduct(s, g, numbers, margin, bottom, at.width - 2 * margin, narrow) +
      drawCounters(numbers, margin, bottom + 76, at.width - 2 * margin, uid, narrow);
    const rows = [["count", "so far", "of"], ["dense MACs", numbers.so_far, numbers.macs],
      ["in-bounds MACs", numbers.in_bounds_so_far, numbers.in_bounds], ["stops", numbers.stop, numbers.all_stops]];
    return { svg: svg(at.width, bottom + 76 + 80, this.name, uid, inner), text: fill(SPEC.sentence, numbers), rows, numbers };
  },
};
