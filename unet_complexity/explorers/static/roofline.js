// Kernels as dots under the roof of a machine, on fixed logarithmic axes; beside it the seconds of each block.

const GIGA = 1e9, BYTES = { float32: 4, float16: 2 };
const AXES = { low: -4, high: 14, bottom: -1, top: 5 }; // powers of 2 of FLOPs per byte, powers of 10 of GFLOP/s

function threeDigits(value) {
  return value >= 100 ? exact(Math.round(value)) : value.toPrecision(3);
}

// The step that a kernel is named after in short: its convolution, where it has one.
const mainOf = (name) => { const steps = name.split(" + "); return steps.find((step) => step.includes("conv")) ?? steps[0]; };

function kernelsOf(s) {
  const letters = { N: s.side, g: s.base_filters, b: s.batch };
  return count[s.network][s.layers].map((one) => {
    const flops = one.flops(letters), moved = one.moved(letters) * BYTES[s.dtype];
    const compute = flops / (s.peak * GIGA), memory = moved / (s.bandwidth * GIGA), main = mainOf(one.name);
    return { name: one.name, main, block: main.split(".")[0], flops, bytes: moved, bound: compute >= memory ? "compute" : "memory",
      seconds: Math.max(compute, memory) };
  });
}

const sum = (kernels, name) => kernels.reduce((total, one) => total + one[name], 0);

function rooflineNumbers(s, kernels) {
  const computing = kernels.filter((one) => one.bound === "compute"), seconds = sum(kernels, "seconds");
  const longest = kernels.reduce((most, one) => (one.seconds > most.seconds ? one : most));
  return { ...s, flops: sum(kernels, "flops"), bytes: sum(kernels, "bytes"), ridge: threeDigits(s.peak / s.bandwidth),
    ms: threeDigits(1000 * seconds), kernels: kernels.length, compute_bound: computing.length,
    share: (100 * (sum(computing, "seconds") / seconds)).toFixed(1), longest: longest.main, longest_ms: threeDigits(1000 * longest.seconds) };
}

const BINDS = { compute: ["arithmetic", "macs"], memory: ["memory", "memory"] };

function drawRoof(s, kernels, before, x, y, width, height, uid) {
  const px = (intensity) => x + width * Math.max(0, Math.min(1, (Math.log2(intensity) - AXES.low) / (AXES.high - AXES.low)));
  const py = (rate) => y + height * (1 - Math.max(0, Math.min(1, (Math.log10(rate) - AXES.bottom) / (AXES.top - AXES.bottom))));
  const roof = (one) => {
    const left = 2 ** AXES.low, ridge = one.peak / one.bandwidth;
    return `M${round(px(left))} ${round(py(left * one.bandwidth))}L${round(px(ridge))} ${round(py(one.peak))}H${round(x + width)}`;
  };
  let out = "", grid = "";
  for (let power = AXES.bottom; power <= AXES.top; power++) {
    grid += `M${x} ${round(py(10 ** power))}h${width}`;
    out += label(x - 6, py(10 ** power) + 4, power < 0 ? "0.1" : exact(10 ** power), "soft tiny end");
  }
  for (let power = AXES.low; power <= AXES.high; power += 3) {
    const at = px(2 ** power);
    grid += `M${round(at)} ${y}v${height}`;
    if (power < AXES.high) out += label(at, y + height + 16, power < 0 ? `1/${2 ** -power}` : exact(2 ** power), "soft tiny mid");
  }
  out = path(grid, "gridline") + out;
  out += label(x + width / 2, y + height + 32, "FLOPs per byte", "soft small mid") + label(x, y - 8, "GFLOP/s at most", "soft small");
  if (kernels.some((one) => !one.flops)) out += label(x + 10, y + height - 5, "copies: no FLOPs", "soft tiny");
  if (before && roof(before) !== roof(s)) out += path(roof(before), "ghost") + label(x + width, y - 8, "dashed: before the change", "soft small end");
  const name = `the roof: ${exact(s.bandwidth)} GB/s times FLOPs per byte, at most ${exact(s.peak)} GFLOP/s`;
  out += mark(name, path(roof(s), "frame"));
  const dots = { compute: "", memory: "" };
  for (const one of kernels) {
    const intensity = one.flops / one.bytes, rate = one.flops / one.seconds / GIGA;
    const each = one.flops ? threeDigits(intensity) : "0";
    const tip = `${one.name}: ${exact(one.flops)} FLOPs, ${exact(one.bytes)} bytes, ${each} FLOPs per byte, at least ${threeDigits(1000 * one.seconds)} ms, ${BINDS[one.bound][0]} binds`;
    const cx = one.flops ? px(intensity) : x, cy = one.flops ? py(rate) : y + height;
    dots[one.bound] += one.bound === "compute" // each a mark of its own: an element less
      ? `<circle cx="${round(cx)}" cy="${round(cy)}" r="5.5" class="mark spot" ${telling(tip)}/>`
      : rect(cx - 5, cy - 5, 10, 10, "mark spot", telling(tip));
  }
  // those that memory binds last, so that none hides under the others
  for (const bound of Object.keys(dots)) out += `<g ${hatched(uid, BINDS[bound][1])}>${dots[bound]}</g>`;
  return out;
}

function drawSeconds(kernels, x, y, width, row, uid) {
  const blocks = [...new Set(kernels.map((one) => one.block))], total = sum(kernels, "seconds"), long = width - 156;
  const bars = { compute: "", memory: "" };
  let tracks = "", words = "", marks = "";
  blocks.forEach((block, i) => {
    const own = kernels.filter((one) => one.block === block), seconds = sum(own, "seconds"), top = y + i * row, parts = [];
    let left = x + 72;
    tracks += box(left, top + 2, long, row - 5);
    for (const bound of Object.keys(bars)) {
      const part = sum(own.filter((one) => one.bound === bound), "seconds");
      const across = Math.min(long - (left - x - 72), (2 * long * part) / total); // a full bar is half of the time
      if (!part) continue;
      bars[bound] += box(left, top + 2, across, row - 5);
      left += across;
      parts.push(`${threeDigits(1000 * part)} ms of ${BINDS[bound][0]}`);
    }
    const share = `${((100 * seconds) / total).toFixed(1)} %`;
    words += label(x + 66, top + row / 2 + 4, block, "small end") + label(x + width - 4, top + row / 2 + 4, share, "small end");
    marks += hit(`block ${block}: at least ${parts.join(" and ")}, ${share} of the whole`, x, top, width, row - 1);
  });
  const drawn = Object.entries(bars).map(([bound, d]) => path(d, "", hatched(uid, BINDS[bound][1])));
  return path(tracks, "track") + drawn.join("") + hushed(words) + marks;
}

const explorer = {
  name: "seconds under the roof of a machine",

  bounds: (s) => ({ side: s.network === "classic" ? { step: 16 } : { step: 128 } }),

  picture(s, { narrow = false, uid = "s", before = null } = {}) {
    const kernels = kernelsOf(s), numbers = rooflineNumbers(s, kernels), width = narrow ? 360 : 720, row = 17;
    const at = narrow ? { x: 52, y: 108, wide: 292, high: 210, bars: 8, top: 412, long: 344 } : { x: 58, y: 84, wide: 300, high: 240, bars: 376, top: 72, long: 336 };
    const blocks = new Set(kernels.map((one) => one.block)).size;
    const whole = `all kernels: ${exact(numbers.flops)} FLOPs, ${exact(numbers.bytes)} bytes, at least ${numbers.ms} ms`;
    let inner = hushed(label(12, 24, `at least ${numbers.ms} ms`, "big")) + hit(whole, 12, 8, 176, 22) +
      label(narrow ? 12 : 200, narrow ? 44 : 24, `ridge at ${numbers.ridge} FLOPs per byte`, "soft small");
    ["compute", "memory"].forEach((bound, i) => {
      const [what, fill] = BINDS[bound], share = bound === "compute" ? numbers.share : (100 - Number(numbers.share)).toFixed(1);
      const left = 12 + i * (narrow ? 174 : 186), top = narrow ? 56 : 38;
      inner += rect(left, top, 12, 12, "", hatched(uid, fill)) + label(left + 18, top + 10, `${what} binds: ${share} %`, "small");
    });
    inner += drawRoof(s, kernels, before, at.x, at.y, at.wide, at.high, uid);
    inner += label(at.bars, at.top - 30, "Least time of each block", "strong") + label(at.bars, at.top - 13, "a full bar is half of the whole", "soft small");
    inner += drawSeconds(kernels, at.bars, at.top, at.long, row, uid);
    const rows = [["kernel", "FLOPs", "bytes", "FLOPs per byte", "least ms", "bound"],
      ...kernels.map((one) => [one.name, one.flops, one.bytes, one.flops / one.bytes, 1000 * one.seconds, one.bound]),
      ["all", numbers.flops, numbers.bytes, "", 1000 * sum(kernels, "seconds"), ""]];
    const bottom = Math.max(at.y + at.high + 40, at.top + blocks * row + 6);
    return { svg: svg(width, bottom, this.name, uid, inner), text: fill(SPEC.sentence, numbers), rows, numbers };
  },
};
