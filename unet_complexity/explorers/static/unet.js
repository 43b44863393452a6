// A U-Net's levels, added up from its blocks' formulas. What its bars and curves are made of.

const NAMES = Object.keys(QUANTITIES);

// Filters that stop doubling above the bottom, or do not: two networks in the package, one control here.
const shapeOf = (family, depth, doublings, up) =>
  family === "classic" ? `classic ${up}` : depth >= doublings + 2 ? "pix2pix capped" : "pix2pix rising";

function levelsFrom(blocks, letters) {
  const levels = Array.from({ length: letters.L + 1 }, () => ({ params: 0, macs: 0, memory: 0, parts: {} }));
  for (const block of blocks) {
    for (let l = block.first(letters); l <= block.last(letters); l++) {
      const at = { ...letters, l }, level = levels[l];
      for (const name of NAMES) level[name] += block[name](at);
      level.side = block.side(at);
      if (block.part !== "head") level.filters = block.filters(at);
      level.parts[block.part] = true;
    }
  }
  return levels;
}

const totalsOf = (levels) =>
  Object.fromEntries(NAMES.map((name) => [name, levels.reduce((sum, level) => sum + level[name], 0)]));
