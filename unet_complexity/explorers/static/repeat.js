// UpSampling2D as Keras runs it: every row repeated, then every column. A copy keeps its source's colour, a blend mixes.

const AXIS = { n: 1024, most: 15 }; // the side runs to 1024, the counts to 10^15: fixed, so that curves move

function repeatNumbers(s) {
  const letters = {
    n: s.side, c: s.channels, s_h: s.row_factor, s_w: s.column_factor, k: s.kernel_size, f: s.filters,
  };
  const values = { letters };
  for (const name of ["reads", "rows", "writes", "next", "answer"]) values[name] = count[name](letters);
  values.operations = count.operations[s.interpolation](letters);
  return { ...s, ...values };
}

function drawCopies(s, x, y, cell, rowFactor, columnFactor) {
  const n = s.side, everyCopy = cell >= 13, size = everyCopy ? Math.min(13, cell * 0.55) : Math.min(11, cell * 0.75);
  let out = "", numbers = "";
  for (let index = 0; index < n * n; index++) {
    const left = x + (index % n) * columnFactor * cell, top = y + Math.floor(index / n) * rowFactor * cell;
    out += rect(left, top, columnFactor * cell, rowFactor * cell, "", `fill="${tint(index, n)}"`);
    for (let copy = 0; copy < (everyCopy ? rowFactor * columnFactor : 1); copy++) {
      const dx = copy % columnFactor, dy = Math.floor(copy / columnFactor);
      numbers += label(left + (dx + 0.5) * cell, top + (dy + 0.5) * cell + size * 0.36, index + 1, "mid cell");
    }
  }
  out += sized(size, numbers) + gridLines(x, y, n * columnFactor, n * rowFactor, cell, "lines copies");
  let edges = "";
  for (let i = 0; i <= n; i++) {
    edges += `M${round(x + i * columnFactor * cell)} ${y}v${round(n * rowFactor * cell)}M${x} ${round(y + i * rowFactor * cell)}h${round(n * columnFactor * cell)}`;
  }
  return out + path(edges, "sources");
}

// Along one axis: which pixels a blended one lies between, and how near it is to each. Pixels are taken at their centres.
function between(index, factor, side) {
  const centre = (index + 0.5) / factor - 0.5, first = Math.floor(centre), part = centre - first;
  return [[Math.max(first, 0), 1 - part], [Math.min(first + 1, side - 1), part]];
}

function drawBlends(s, x, y, cell, rowFactor, columnFactor) {
  const n = s.side, tall = n * rowFactor, wide = n * columnFactor;
  let out = "", numbers = "";
  for (let i = 0; i < tall; i++) {
    for (let j = 0; j < wide; j++) {
      const parts = between(i, rowFactor, n).flatMap(([row, down]) =>
        between(j, columnFactor, n).map(([column, across]) => [row * n + column, down * across])).filter(([, weight]) => weight > 0);
      const value = parts.reduce((sum, [index, weight]) => sum + (index + 1) * weight, 0), left = x + j * cell, top = y + i * cell;
      out += rect(left, top, cell, cell, "", `fill="${blend(parts, n)}"`);
      if (cell >= 22) numbers += label(left + cell / 2, top + cell * 0.62, String(Math.round(value * 100) / 100), "mid cell");
    }
  }
  return out + sized(Math.min(12, cell * 0.4), numbers) + gridLines(x, y, wide, tall, cell, "lines copies");
}

function drawStages(s, numbers, narrow) {
  const n = s.side, tall = n * s.row_factor, wide = n * s.column_factor, gap = narrow ? 28 : 60, least = 100;
  const fits = (cell) => narrow
    ? Math.max(n * cell, least) * 2 + gap <= 344 && wide * cell <= 344
    : Math.max(n * cell, least) * 2 + Math.max(wide * cell, least) + 2 * gap <= 680;
  let cell = Math.min(narrow ? 26 : 30, (narrow ? 220 : 260) / tall);
  while (!fits(cell)) cell -= 0.5;
  const draw = s.interpolation === "bilinear" ? drawBlends : drawCopies;
  const stages = [
    [`input ${n} × ${n}`, `${short(numbers.reads)} read`, 1, 1],
    [`each row × ${s.row_factor}`, `${short(numbers.rows)} elements`, s.row_factor, 1],
    [`each column × ${s.column_factor}`, `${short(numbers.writes)} written`, s.row_factor, s.column_factor],
  ];
  const left = narrow ? 8 : 20;
  let x = left, y = 0, out = "";
  stages.forEach(([title, note, rows, columns], i) => {
    if (narrow && i === 2) [x, y] = [left, 44 + tall * cell + 22];
    out += label(x, y + 16, title, "strong") + label(x, y + 32, note, "soft small") + draw(s, x, y + 44, cell, rows, columns);
    const width = n * columns * cell, step = Math.max(width, least) + gap;
    if (i < (narrow ? 1 : 2)) out += path(`M${round(x + width + 6)} ${y + 58}h${round(step - width - 16)}m-5 -4l5 4l-5 4`, "arrow");
    x += step;
  });
  return { out, bottom: y + 44 + Math.max(tall * cell, 40) };
}

const CURVES = [
  ["answer", "c n: linear in the side", "curve-answer", "×2"],
  ["writes", "written: s_h s_w c n²", "curve-memory", "×4"],
  ["next", "MACs of the next convolution", "curve-macs", "×4"],
];

function drawCurves(numbers, x, y, width, height, narrow) {
  const px = (n) => x + (Math.log2(n) / Math.log2(AXIS.n)) * width;
  const py = (value) => y + height - (Math.log10(value) / AXIS.most) * height;
  let out = "", grid = "";
  for (let power = 0; power <= AXIS.most; power += 3) {
    const at = py(10 ** power);
    grid += `M${x} ${round(at)}h${width}`;
    out += label(x - 6, at + 4, power ? `10${"⁰¹²³⁴⁵⁶⁷⁸⁹"[Math.floor(power / 10)].replace("⁰", "")}${"⁰¹²³⁴⁵⁶⁷⁸⁹"[power % 10]}` : "1", "soft small end");
  }
  out = path(grid, "gridline") + out;
  for (const n of [1, 4, 16, 64, 256, 1024]) out += label(px(n), y + height + 16, n, "soft small mid");
  out += label(x + width / 2, y + height + 33, "side n of the map (both axes logarithmic)", "soft small mid");
  CURVES.forEach(([name, title, cls, factor], i) => {
    const at = (n) => count[name]({ ...numbers.letters, n });
    const ends = [1, AXIS.n].map((n) => `${round(px(n))} ${round(py(at(n)))}`);
    out += path(`M${ends.join("L")}`, `curve ${cls}`);
    const tip = `${title}: ${exact(numbers[name])} at n = ${numbers.side}; doubling n gives ${factor}`;
    out += mark(tip, `<circle cx="${round(px(numbers.side))}" cy="${round(py(numbers[name]))}" r="5" class="dot ${cls}"/>`);
    const top = narrow ? y + height + 54 + i * 34 : y + 14 + i * 62, left = narrow ? x - 24 : x + width + 22;
    out += path(`M${left} ${top - 4}h24`, `curve ${cls}`) + label(left + 32, top, title, "small strong") +
      label(left + 32, top + 16, `${exact(numbers[name])} at n = ${numbers.side}; double n: ${factor}`, "soft small");
  });
  return out;
}

const explorer = {
  name: "rows repeated, then columns",

  picture(s, { narrow = false, uid = "s" } = {}) {
    const numbers = repeatNumbers(s), stages = drawStages(s, numbers, narrow), width = narrow ? 360 : 720;
    const top = stages.bottom + 40, height = narrow ? 170 : 190;
    const inner = stages.out + label(narrow ? 8 : 20, top - 12, "How each count grows with the side", "strong") +
      drawCurves(numbers, narrow ? 36 : 56, top, narrow ? 300 : 380, height, narrow);
    const rows = [["count", "value"], ...["reads", "rows", "writes", "operations", "answer", "next"].map((name) => [name, numbers[name]])];
    const bottom = top + height + (narrow ? 148 : 42);
    return { svg: svg(width, bottom, this.name, uid, inner), text: fill(SPEC.sentence, numbers), rows, numbers };
  },
};
