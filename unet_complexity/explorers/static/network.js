// A network of the reader's, a row per level; its width and depth are among those that were given.

const keyOf = (s) => ["width", "depth"].filter((name) => name in s).map((name) => s[name]).join(" ");

const levelsOf = (s) => count[keyOf(s)].map((formulas, i) => {
  const values = Object.entries(formulas).map(([name, formula]) => [name, formula({ N: s.side })]);
  return { ...TABLE[keyOf(s)].levels[i], ...Object.fromEntries(values) };
});

const explorer = {
  name: "a network of your own, level by level",
  forms: NAMES,

  bounds: (s) => ({ side: TABLE[keyOf(s)].side }),

  picture(s, options = {}) {
    const { forms, network } = TABLE[keyOf(s)], { before } = options;
    const drawn = levelsPicture(this.name, { ...s, network }, levelsOf(s), before && levelsOf(before), ["Framed: the largest share."], options);
    return { ...drawn, forms: () => formsOf(forms, { N: s.side }, drawn.numbers) };
  },
};
