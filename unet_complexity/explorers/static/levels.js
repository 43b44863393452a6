// The U-Net, a row per level.

const lettersOf = (s) => ({
  N: s.side, C_in: s.in_channels, C_out: s.out_channels, g: s.base_filters, k: s.kernel_size, L: s.depth, q: s.doublings,
});

const levelsOf = (s) => levelsFrom(count[shapeOf(s.family, s.depth, s.doublings, s.up)], lettersOf(s));

const explorer = {
  name: "a U-Net, level by level",
  forms: NAMES,

  bounds(s) {
    const step = 2 ** s.depth;
    return { depth: s.family === "pix2pix" ? { low: 2 } : {}, side: { low: step, step } };
  },

  hidden: (s) => (s.family === "classic" ? ["doublings"] : ["up"]),

  picture(s, options = {}) {
    const { before } = options, drawn = levelsPicture(this.name, s, levelsOf(s), before && levelsOf(before), [], options);
    const forms = () => formsOf(TABLE.forms[shapeOf(s.family, s.depth, s.doublings, s.up)], lettersOf(s), drawn.numbers);
    return { ...drawn, forms };
  },
};
