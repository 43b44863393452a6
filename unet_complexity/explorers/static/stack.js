// Levels of a network, a row for each: parameters, MACs and memory as aligned bars, the state before as a ghost.

const LOG = { params: 11, macs: 14, memory: 11 }; // ends of the logarithmic axes, powers of ten: fixed, so that bars move

const nameOf = (level, index) => level.level ?? index; // a network may leave levels out

const mostOf = (levels, name) => Math.max(...levels.map((level) => level[name]));

function levelsNumbers(s, levels) {
  const numbers = { ...s, ...totalsOf(levels) };
  for (const name of NAMES) {
    const most = mostOf(levels, name), first = levels.filter((level) => level[name] === most);
    numbers[`${name}_level`] = first.map((level) => nameOf(level, levels.indexOf(level))).join(" and ");
    numbers[`${name}_share`] = (100 * (most / numbers[name])).toFixed(1);
  }
  return { ...numbers, size: bytes(4 * numbers.memory) };
}

// Each total: its name, the formula in letters, with numbers in it, and its value.  A formula without letters is only the value.
const formsOf = (forms, letters, totals) => {
  const names = Object.fromEntries(Object.keys(letters).map((letter) => [letter, letter]));
  const put = (form, values) => form.replace(/\{(\w+)\}/g, (_, letter) => values[letter]);
  return Object.entries(forms).map(([name, form]) =>
    [QUANTITIES[name].unit, ...[names, letters].map((values) => (form.includes("{") ? put(form, values) : "")), exact(totals[name])]);
};

const ratio = (now, before) => {
  const factor = now / before;
  return factor === 1 ? "" : `×${factor >= 100 ? factor.toFixed(0) : factor.toPrecision(3).replace(/\.?0+$/, "")}`;
};

// How much of its track a bar fills: its share of the total, or its logarithm on a fixed axis.
const part = (s, name, value, total) =>
  s.axis === "log" ? Math.max(0, Math.log10(value) / LOG[name]) : value / total;

function drawU(levels, x, y, width, row, narrow) {
  const arm = narrow ? 4 : 12, text = narrow ? 40 : 78, indent = Math.min(7, (width - 2 * arm - text) / 2 / levels.length);
  const lines = { arm: "", "arm-input": "", skip: "", arrow: "" };
  const words = levels.map((level, l) => {
    const left = x + l * indent, right = x + width - l * indent - arm, top = y + l * row + 3, high = row - 9;
    const comesUp = level.parts.decoder, turn = l === levels.length - 1 && levels.some((one) => one.parts.decoder), across = right - left;
    if (turn) lines.arm += `M${left} ${top}v${high + 9}h${across + arm}v${-high - 9}h${-arm}v${high + 3}H${left + arm}V${top}Z`;
    else {
      lines[level.parts.encoder ? "arm" : "arm-input"] += box(left, top, arm, high);
      if (comesUp) lines.arm += box(right, top, arm, high);
      if (comesUp && level.parts.encoder) lines.skip += `M${left + arm + 2} ${top + 3}H${right - 3}m-4 -3l4 3l-4 3`;
      const up = comesUp ? `M${right + arm / 2} ${top + high}l${-indent} 6` : "";
      if (l < levels.length - 1) lines.arrow += `M${left + arm / 2} ${top + high}l${indent} 6${up}`;
    }
    const middle = x + width / 2;
    return label(middle, top + 15, narrow ? `${level.side}²` : `level ${nameOf(level, l)}`, narrow ? "mid small" : "mid small strong") +
      label(middle, top + 28, narrow ? `×${level.filters}` : `${level.side}² × ${level.filters}`, "mid small soft");
  });
  return Object.entries(lines).map(([cls, d]) => path(d, cls)).join("") + words.join("");
}

function drawBars(s, name, levels, numbers, ghost, x, y, width, row, uid, narrow) {
  const quantity = QUANTITIES[name], total = numbers[name], most = mostOf(levels, name);
  let tracks = "", bars = "", ghosts = "", frame = "", words = "", marks = "";
  levels.forEach((level, l) => {
    const share = (100 * (level[name] / total)).toFixed(1), top = y + l * row, before = ghost && ghost.levels[l];
    const tip = `level ${nameOf(level, l)}: ${exact(level[name])} ${quantity.unit}, ${share} % of ${exact(total)}` +
      (level.forms ? `; ${level.forms[name]}` : "");
    tracks += box(x, top + 17, width, 14);
    bars += box(x, top + 17, part(s, name, level[name], total) * width, 14);
    if (before) ghosts += box(x, top + 17, part(s, name, before[name], ghost.numbers[name]) * width, 14);
    if (level.forms && level[name] === most) frame += box(x - 1, top + 16, width + 2, 16);
    words += label(x, top + 12, `${share} %`, "small strong") + (narrow ? "" : label(x + width, top + 12, short(level[name]), "small soft end"));
    marks += hit(tip, x, top, width, row - 2);
  });
  return path(tracks, "track") + path(bars, "", hatched(uid, name)) + path(ghosts, "ghost") + path(frame, "frame") + hushed(words) + marks;
}

function levelsPicture(name, s, levels, earlier, notes, { narrow = false, uid = "s", before = null } = {}) {
  const numbers = levelsNumbers(s, levels), width = narrow ? 360 : 720, row = 38;
  const ghost = before && { levels: earlier, numbers: levelsNumbers(before, earlier) };
  const left = narrow ? 84 : 190, gap = narrow ? 10 : 20, column = (width - left - 8 - 2 * gap) / 3, top = narrow ? 62 : 58;
  let inner = drawU(levels, narrow ? 4 : 10, top, left - (narrow ? 14 : 34), row, narrow);
  NAMES.forEach((name, i) => {
    const x = left + i * (column + gap), factor = ghost ? ratio(numbers[name], ghost.numbers[name]) : "";
    inner += rect(x, narrow ? 24 : 6, 12, 12, "", hatched(uid, name)) + label(x + (narrow ? 0 : 17), 16, QUANTITIES[name].name, "strong");
    inner += hushed(label(x + (narrow ? 16 : 0), 36, short(numbers[name]), narrow ? "strong" : "big"));
    inner += hit(`all levels: ${exact(numbers[name])} ${QUANTITIES[name].unit}`, x, 20, column, 20);
    inner += label(narrow ? x : x + column, narrow ? 52 : 36, factor, narrow ? "small strong" : "small strong end");
    inner += drawBars(s, name, levels, numbers, ghost, x, top, column, row, uid, narrow);
  });
  const bottom = top + levels.length * row + 8;
  const axis = s.axis === "log" ? "Bars: logarithmic, from 1." : "Bars: share of the quantity's total.";
  [axis, "Memory: elements of all convolution outputs.", ...notes].forEach((note, i) => {
    inner += label(narrow ? 4 : left, bottom + 16 + 16 * i, note, "soft small");
  });
  if (ghost && !narrow) inner += rect(10, bottom + 7, 22, 10, "ghost") + label(38, bottom + 16, "before the change", "soft small");
  const rows = [["level", "side", "filters", ...NAMES], ...levels.map((v, l) => [nameOf(v, l), v.side, v.filters, ...NAMES.map((n) => v[n])]),
    ["total", "", "", ...NAMES.map((n) => numbers[n])]];
  return { svg: svg(width, bottom + 40 + 16 * notes.length, name, uid, inner), text: fill(SPEC.sentence, numbers), rows, numbers };
}
