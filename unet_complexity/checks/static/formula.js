// Formulas: read by a small grammar, and evaluated exactly.

const LONGEST = 200, DEEPEST = 40, LARGEST_POWER = 64, MOST_BITS = 4096;
const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89];
const POINTS = 6;
const HOW = "Write a number or a formula, with * between factors and ^ for powers, as in 4 * k^2";

class NotAFormula extends Error {}

// Fractions of whole numbers of any size: [above, below], below positive, in lowest terms.
const gcd = (a, b) => { while (b) [a, b] = [b, a % b]; return a < 0n ? -a : a; };
function fraction(above, below) {
  if (!below) throw new NotAFormula("The formula divides by zero");
  const sign = below < 0n ? -1n : 1n, common = gcd(above, below) || 1n;
  if (above.toString(16).length * 4 > MOST_BITS || below.toString(16).length * 4 > MOST_BITS) throw new NotAFormula("The numbers get too large");
  return [(sign * above) / common, (sign * below) / common];
}
const add = ([a, b], [c, d]) => fraction(a * d + c * b, b * d);
const times = ([a, b], [c, d]) => fraction(a * c, b * d);
const over = ([a, b], [c, d]) => fraction(a * d, b * c);
const minus = (x) => [-x[0], x[1]];
const same = (x, y) => x[0] === y[0] && x[1] === y[1];
function asNumber([a, b]) { // also for numbers too large for a double, as long as the ratio is not
  const shift = BigInt(Math.max(0, Math.min(a.toString(2).length, b.toString(2).length) - 1000));
  return Number(a >> shift) / Number(b >> shift);
}

function power(base, exponent) {
  if (exponent[1] !== 1n) throw new NotAFormula("A power here is a whole number");
  const by = Number(exponent[0]);
  if (Math.abs(by) > LARGEST_POWER) throw new NotAFormula(`A power here is at most ${LARGEST_POWER}`);
  let result = [1n, 1n];
  for (let i = 0; i < Math.abs(by); i++) result = times(result, base);
  return by < 0 ? over([1n, 1n], result) : result;
}

// expression = term {+|- term};  term = factor {*|/ factor} or factors side by side;  factor = [-] atom [^ factor]
// `isOurs`: a formula that SymPy wrote, which may be longer and have the functions below.
function parse(text, letters, isOurs = false) {
  if (text.length > LONGEST && !isOurs) throw new NotAFormula(`An answer has at most ${LONGEST} characters`);
  const plain = text.replaceAll("×", "*").replaceAll("·", "*").replaceAll("−", "-").replaceAll("²", "^2").replaceAll("³", "^3").replaceAll("**", "^");
  const tokens = plain.match(/\d*(?:\.\d*){2,}|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+\.?\d*|\.\d+|[A-Za-z_]\w*|[-+*/^()]|\S/g) ?? [];
  let at = 0, depth = 0;
  const next = () => tokens[at], take = (token) => tokens[at] === token && Boolean(++at);
  const fail = () => { throw new NotAFormula(at < tokens.length ? `${HOW}; ${tokens[at]} is not understood here` : `${HOW}; something is missing at the end`); };
  const starts = (token) => token !== undefined && /^[\w.(]/.test(token);
  function expression() {
    if (++depth > DEEPEST) throw new NotAFormula(`An answer has at most ${DEEPEST} brackets in each other`);
    let left = term();
    for (;;) {
      if (take("+")) left = ["+", left, term()];
      else if (take("-")) left = ["-", left, term()];
      else break;
    }
    depth--;
    return left;
  }
  function term() {
    let left = factor();
    for (;;) {
      if (take("*")) left = ["*", left, factor()];
      else if (take("/")) left = ["/", left, factor()];
      else if (starts(next())) left = ["*", left, factor()];
      else return left;
    }
  }
  function factor() {
    if (++depth > DEEPEST) throw new NotAFormula(`An answer has at most ${DEEPEST} signs and powers in each other`);
    let made;
    if (take("-")) made = ["-", ["number", [0n, 1n]], factor()];
    else if (take("+")) made = factor();
    else {
      made = atom();
      if (take("^")) made = ["^", made, factor()];
    }
    depth--;
    return made;
  }
  function atom() {
    const token = next();
    if (take("(")) {
      const inner = expression();
      return take(")") ? inner : fail();
    }
    if (!/^(\w+|\d[\d,]*\.?\d*|\.\d+)$/.test(token ?? "")) return fail(); // 1.000.000 is not a number here
    at++;
    if (/^[\d.]/.test(token)) {
      const [whole, decimals = ""] = token.replaceAll(",", "").split(".");
      return ["number", fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length))];
    }
    if (isOurs && Object.hasOwn(FUNCTIONS, token) && take("(")) {
      const given = [expression()];
      while (take(",")) given.push(expression());
      return take(")") ? [token, ...given] : fail();
    }
    const apart = !letters.includes(token) && [...token].every((one) => letters.includes(one));
    const product = (apart ? [...token] : [token]).map((name) => ["letter", name]);
    return product.reduce((left, right) => ["*", left, right]);
  }
  if (!tokens.length) throw new NotAFormula(HOW);
  const found = expression();
  return at < tokens.length ? fail() : found;
}

const lettersOf = (tree) => (tree[0] === "letter" ? [tree[1]] : tree[0] === "number" ? [] : tree.slice(1).flatMap(lettersOf));

const less = (x, y) => x[0] * y[1] < y[0] * x[1];
const FUNCTIONS = {
  Max: (...all) => all.reduce((most, one) => (less(most, one) ? one : most)),
  ceiling: ([above, below]) => [(above + below - 1n) / below, 1n],
};

function valueAt(tree, point) {
  const [kind, first, second] = tree;
  if (kind === "number") return first;
  if (kind === "letter") return point[first];
  if (kind in FUNCTIONS) return FUNCTIONS[kind](...tree.slice(1).map((one) => valueAt(one, point)));
  const a = valueAt(first, point), b = valueAt(second, point);
  return { "+": () => add(a, b), "-": () => add(a, minus(b)), "*": () => times(a, b), "/": () => over(a, b), "^": () => power(a, b) }[kind]();
}

// Values of formulas at the same points; each letter has another prime at each point.
function valuesOf(trees) {
  const names = [...new Set(trees.flatMap(lettersOf))].sort();
  const points = Array.from({ length: POINTS }, (_, i) => Object.fromEntries(names.map((name, j) => [name, [BigInt(PRIMES[(7 * j + 5 * i * (j + 1)) % PRIMES.length]), 1n]])));
  return { points, all: trees.map((tree) => points.map((point) => valueAt(tree, point))) };
}

const isConstant = (values) => values.every((value) => same(value, values[0]));

// Equal at all points, or two fractions that differ by less than `within`.  Whole numbers are counts, never rounded.
function areSame(values, others, within = 0) {
  if (values.every((value, i) => same(value, others[i]))) return true;
  if (!within || !isConstant(values) || !isConstant(others)) return false;
  const [value, other] = [values[0], others[0]];
  return value[1] !== 1n && other[1] !== 1n && Math.abs(asNumber(over(value, other)) - 1) < within;
}

// A form that judges what is typed into its fields, and says so below.
function answering(root, asked, fields, judged) {
  const said = h("p", { class: "unetx-said", role: "status" }), earlier = [...root.children]; // the verdict on the cell's answer
  const answer = () => {
    earlier.forEach((one) => { one.hidden = true; });
    const { right, text } = judged();
    said.textContent = `${right ? "✓ Right." : "→ Not yet."} ${text}`;
    said.dataset.right = right;
  };
  root.append(h("style", {}, CSS), card(h("p", { class: "unetx-asked" }, asked), fields, "Check", answer, said));
}
