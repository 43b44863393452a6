// Double one size, see what each count does: curves on doubly logarithmic axes, and a factor for every size.

const LETTERS = {
  side: "side N", kernel_size: "kernel k", channels: "channels C", base_filters: "width g", depth: "depth L",
};
const lettersFor = (s) => Object.keys(LETTERS).filter((name) => name !== "depth" || s.network !== "convolution");

function countsOf(s) {
  const letters = { N: s.side, C_in: s.channels, C_out: s.channels, g: s.base_filters, k: s.kernel_size, L: s.depth, q: 3 };
  if (s.network === "convolution") return Object.fromEntries(NAMES.map((name) => [name, count.convolution[name](letters)]));
  return totalsOf(levelsFrom(count.unets[shapeOf(s.network, s.depth, letters.q, "transpose")], letters));
}

// Whole where it is exactly that; three digits otherwise.
function factorText(after, before) {
  if (after % before === 0) return String(after / before);
  return after / before >= 100 ? (after / before).toFixed(0) : (after / before).toPrecision(3);
}

const doubled = (s, letter, times = 1) => ({ ...s, [letter]: s[letter] * 2 ** times });

function growthNumbers(s) {
  const before = countsOf(s), after = countsOf(doubled(s, s.letter, s.times));
  const numbers = { ...s, before: s[s.letter], after: s[s.letter] * 2 ** s.times, ...before };
  for (const name of NAMES) {
    numbers[`${name}_after`] = after[name];
    numbers[`${name}_factor`] = factorText(after[name], before[name]);
  }
  return numbers;
}

// A whole network from the smallest side that can be halved that many times: factors of the depth do not know the side.
const forDepth = (s) => ({ ...s, side: 2 ** (2 * s.depth) });

function drawTotals(numbers, x, y, width, uid, narrow) {
  const gap = narrow ? 6 : 14, wide = (width - 2 * gap) / 3;
  return NAMES.map((name, i) => {
    const left = x + i * (wide + gap), factor = numbers[`${name}_factor`], { unit } = QUANTITIES[name];
    const tip = `${unit}: ${exact(numbers[name])} before, ${exact(numbers[`${name}_after`])} after, times ${factor}`;
    return mark(tip, rect(left, y, wide, 74, "token") + rect(left + 9, y + 10, 12, 12, "", hatched(uid, name)) +
      label(left + 27, y + 20, QUANTITIES[name].name, "small strong") +
      label(left + wide / 2, y + 46, `×${factor}`, "big mid") +
      label(left + wide / 2, y + 65, `${short(numbers[name])} → ${short(numbers[`${name}_after`])}`, narrow ? "tiny soft mid" : "small soft mid"));
  }).join("");
}

// What the counts do on the way: at every whole depth, or at each doubling of anything else.
function steps(s) {
  if (s.letter !== "depth") return [0, 1, 2].map((power) => doubled(s, s.letter, power));
  const deepest = s.depth * 2 ** s.times;
  return Array.from({ length: deepest - s.depth + 1 }, (_, i) => ({ ...s, depth: s.depth + i }));
}

function drawGrowth(s, numbers, x, y, width, height) {
  const walk = steps(s), counts = walk.map(countsOf), start = counts[0];
  const most = Math.max(...counts.flatMap((one) => NAMES.map((name) => one[name] / start[name])));
  const powers = Math.max(4, 2 * Math.ceil(Math.log2(most) / 2 - 1e-9)); // sides and widths: always to x16, so that slopes compare
  const px = (value) => x + (Math.log2(value / s[s.letter]) / 2) * width, py = (times) => y + height - (Math.log2(times) / powers) * height;
  let out = "", grid = "";
  const every = powers > 8 ? 4 : powers > 4 ? 2 : 1;
  for (let power = 0; power <= powers; power += every) {
    grid += `M${x} ${round(py(2 ** power))}h${width}`;
    out += label(x - 7, py(2 ** power) + 4, `×${exact(2 ** power)}`, "soft small end");
  }
  for (const power of [0, 1, 2]) {
    const value = s[s.letter] * 2 ** power;
    if (s.letter === "depth" && power > s.times) continue;
    grid += `M${round(px(value))} ${y}v${height}`;
    out += label(px(value), y + height + 20, exact(value), "soft small mid");
  }
  out = path(grid, "gridline") + out + label(x + width / 2, y + height + 38, `${LETTERS[s.letter]} (both axes logarithmic)`, "soft small mid");
  // wider below, so that curves that coincide are all seen
  NAMES.forEach((name, i) => {
    const points = walk.map((one, at) => `${round(px(one[s.letter]))} ${round(py(counts[at][name] / start[name]))}`);
    out += path(`M${points.join("L")}`, `curve curve-${name} wide${i}`);
    const times = numbers[`${name}_after`] / numbers[name];
    const tip = `${QUANTITIES[name].name}: times ${numbers[`${name}_factor`]} from ${exact(numbers.before)} to ${exact(numbers.after)}`;
    out += mark(tip, `<circle cx="${round(px(numbers.after))}" cy="${round(py(times))}" r="${8 - 2 * i}" class="dot curve-${name}"/>`);
  });
  return out;
}

function drawFactors(s, x, y, width, uid, narrow) {
  const first = narrow ? 84 : 96, column = (width - first) / 3, row = 30;
  let out = NAMES.map((name, i) => label(x + first + i * column + 4, y + 12, QUANTITIES[name].name, "small strong")).join("");
  lettersFor(s).forEach((letter, j) => {
    const top = y + 22 + j * row, start = letter === "depth" ? forDepth(s) : s;
    const before = countsOf(start), after = countsOf(doubled(start, letter));
    if (letter === s.letter) out += rect(x - 4, top - 1, width + 8, row - 2, "plate") + rect(x - 4, top - 1, width + 8, row - 2, "edge");
    out += label(x + 2, top + 18, LETTERS[letter], letter === s.letter ? "strong small" : "small");
    NAMES.forEach((name, i) => {
      const factor = factorText(after[name], before[name]), left = x + first + i * column;
      const bar = Math.min(1, Math.log2(after[name] / before[name]) / 2) * (column - 52);
      out += mark(`twice the ${LETTERS[letter]}: ${QUANTITIES[name].name} times ${factor}`,
        rect(left, top, column, row - 4, "hit") + rect(left + 4, top + 6, bar, 14, "", hatched(uid, name)) +
        label(left + 8 + Math.max(0, bar), top + 18, `×${exact(factor)}`, "small strong"));
    });
  });
  return out + label(x + 2, y + 40 + lettersFor(s).length * row, "×4 is exactly 4, ×4.00 is rounded.", "small soft");
}

const explorer = {
  name: "double one size",

  bounds(s) {
    const deeper = s.letter === "depth", times = 2 ** s.times, step = s.network === "convolution" ? 1 : 2 ** (s.depth * (deeper ? times : 1));
    return {
      times: deeper && 4 * s.depth > 14 ? { high: 1 } : {},
      side: { low: Math.max(2, step), high: deeper ? 16384 : 4096, step },
      depth: { low: s.network === "pix2pix" ? 2 : 1 },
    };
  },

  allowed: (s) => ({ letter: lettersFor(s) }),

  hidden: (s) => (s.network === "convolution" ? ["depth"] : []),

  // Which letter a point of the picture means: the row of factors under it.
  pick(s, x, y, narrow) {
    const at = this.layout(narrow), row = Math.floor((y - at.tableY - 22) / 30), letter = lettersFor(s)[row];
    return row >= 0 && letter && x >= at.tableX - 4 && x <= at.tableX + at.tableWidth + 4 ? { letter } : null;
  },

  layout: (narrow) => (narrow
    ? { width: 360, curveX: 54, curveY: 126, curveWidth: 290, curveHeight: 150, tableX: 8, tableY: 360, tableWidth: 344 }
    : { width: 720, curveX: 62, curveY: 128, curveWidth: 230, curveHeight: 176, tableX: 338, tableY: 124, tableWidth: 366 }),

  picture(s, { narrow = false, uid = "s" } = {}) {
    const numbers = growthNumbers(s), at = this.layout(narrow), margin = narrow ? 6 : 12;
    const inner = drawTotals(numbers, margin, 4, at.width - 2 * margin, uid, narrow) +
      label(narrow ? 8 : margin, at.curveY - 20, `${LETTERS[s.letter]}: ${exact(numbers.before)} → ${exact(numbers.after)}`, "strong") +
      label(at.tableX, at.tableY - 16, "What doubling each size does, once", "strong") +
      drawGrowth(s, numbers, at.curveX, at.curveY, at.curveWidth, at.curveHeight) +
      drawFactors(s, at.tableX, at.tableY, at.tableWidth, uid, narrow);
    const rows = [["count", "before", "after", "factor"], ...NAMES.map((name) =>
      [QUANTITIES[name].unit, numbers[name], numbers[`${name}_after`], numbers[`${name}_factor`]])];
    const bottom = narrow ? at.tableY + 22 + 5 * 30 + 28 : at.curveY + at.curveHeight + 48;
    return { svg: svg(at.width, bottom, this.name, uid, inner), text: fill(SPEC.sentence, numbers), rows, numbers };
  },
};
