// Judging of exercises, as judging.py does it: formulas are compared at a few points.

const ROUNDED = 0.01, MUCH = 1e12;

// Python's f"{value:.4g}".
function fourDigits(value) {
  const [mantissa, exponent] = rounded(value, 4).toExponential().split("e").map(Number);
  if (exponent >= -4 && exponent < 4) return `${rounded(value, 4)}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${`${Math.abs(exponent)}`.padStart(2, "0")}`;
}

function judge(exercise, typed) {
  const asked = `Asked for: ${exercise.asked}.`;
  try {
    const hint = hintFor(exercise, parse(typed, exercise.letters));
    return hint ? { right: false, text: hint } : { right: true, text: exercise.shown };
  } catch (error) {
    if (!(error instanceof NotAFormula)) throw error;
    return { right: false, text: `${error.message}. ${asked}` };
  }
}

function hintFor({ asked, right, unit, slips, factors, letters }, answer) {
  const read = (text) => parse(text, letters);
  const trees = [answer, read(right), ...slips.map(([, slip]) => read(slip)), ...factors.map(([, factor]) => read(factor))];
  const { points, all } = valuesOf(trees), [value, goal, ...others] = all;
  if (areSame(value, goal, unit ? ROUNDED : 0)) return "";
  const slip = slips.findIndex((_, i) => areSame(value, others[i], ROUNDED));
  if (slip >= 0) return slips[slip][0];
  if (value.every(([above]) => above === 0n) || value.every(([above]) => above < 0n)) return `The answer is greater than zero: ${asked}.`;
  for (const [i, [name, factor]] of factors.entries()) {
    const by = others[slips.length + i];
    if (areSame(value.map((one, j) => times(one, by[j])), goal)) return `Missing: ${name}. Multiply your answer by ${factor}.`;
    if (areSame(value, goal.map((one, j) => times(one, by[j])))) return `Too large by a factor: ${name}. Divide your answer by ${factor}.`;
  }
  const missing = value.some(([above]) => above === 0n) ? null : goal.map((one, i) => over(one, value[i]));
  const hint = missing && isConstant(missing) ? sizeHint(asNumber(missing[0])) : letterHint(answer, read(right), points[0]);
  return `${hint}. Asked for: ${asked}.`;
}

function sizeHint(missing) {
  if (missing > 0.9 && missing < 1.1) return "Close, but not exact";
  const size = missing > 1 ? "small" : "large", factor = Math.max(missing, 1 / missing);
  return `${factor < MUCH ? `Too ${size} by a factor of ${fourDigits(factor)}` : `Much too ${size}`}. Go through the four steps again`;
}

function letterHint(answer, right, point) {
  const depends = (tree) => lettersOf(tree).filter((name, i, all) => all.indexOf(name) === i)
    .filter((name) => !same(valueAt(tree, point), valueAt(tree, { ...point, [name]: [97n, 1n] })));
  const here = depends(answer), there = depends(right);
  const strange = here.filter((name) => !there.includes(name)).sort(), lacking = there.filter((name) => !here.includes(name)).sort();
  if (strange.length) return `Letters that do not belong in the answer: ${strange.join(", ")}. Remove them, or put numbers there`;
  if (lacking.length) return `The answer also depends on ${lacking.join(", ")}`;
  return "The letters are right, but they are not combined rightly";
}

// A field for an answer: a number or a formula.  The page judges it; nothing is noted.
const startForm = () => start("exercise", (root, [question]) => {
  const typed = h("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", class: "unetx-formula", "aria-label": "Your answer" });
  answering(root, "Or answer here, with a number or a formula", [typed], () => judge(question, typed.value));
});
