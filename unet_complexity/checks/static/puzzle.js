// Judging of puzzles, as puzzles.py does it: sizes that keep all bounds are right.

const inWords = (x) => (x[1] === 1n ? grouped(x[0]) : shown(asNumber(x)));

function readPuzzle({ sizes, amounts, most, least }) {
  const names = sizes.map(([name]) => name), read = (text) => parse(text, names, true);
  const bounds = (what, listed) => listed.map(([name, bound]) => ({ what, name, bound: valueAt(read(bound), {}) }));
  return { sizes, amounts: amounts.map(([name, text]) => [name, read(text)]), bounds: [...bounds("much", most), ...bounds("little", least)] };
}

function amountsOf({ sizes, amounts }, chosen) {
  const point = Object.fromEntries(sizes.map(([name], i) => [name, [BigInt(chosen[i]), 1n]]));
  return { ...Object.fromEntries(amounts.map(([name, tree]) => [name, valueAt(tree, point)])), ...point };
}

// By how much each bound is broken; 0 or less if it is kept.
function excessOf(puzzle, chosen) {
  const found = amountsOf(puzzle, chosen);
  return puzzle.bounds.map(({ what, name, bound }) => (what === "much" ? add(found[name], minus(bound)) : add(bound, minus(found[name]))));
}

function judgePuzzle(puzzle, typed) {
  for (const [i, [name, largest]] of puzzle.sizes.entries()) {
    const isSize = /^\d{1,9}$/.test(typed[i]) && Number(typed[i]) >= 1 && Number(typed[i]) <= largest;
    if (!isSize) return { right: false, text: `${name} must be a whole number from 1 to ${grouped(largest)}, got ${typed[i] || "nothing"}.` };
  }
  const chosen = typed.map(Number), found = amountsOf(puzzle, chosen), excess = excessOf(puzzle, chosen);
  const faults = puzzle.bounds.filter((_, i) => excess[i][0] > 0n).map(({ what, name, bound }) => (what === "much"
    ? `Too much, ${name}: ${inWords(found[name])}, ${inWords(over(found[name], bound))} times the ${inWords(bound)} allowed.`
    : `Too little, ${name}: ${inWords(found[name])}, and at least ${inWords(bound)} is required.`));
  if (faults.length) return { right: false, text: [...faults, advice(puzzle, chosen, excess)].join(" ") };
  return { right: true, text: `${Object.entries(found).map(([name, amount]) => `${name}: ${inWords(amount)}`).join("; ")}.` };
}

// What one step of each size does to the first broken bound that such a step helps.
function advice(puzzle, chosen, excess) {
  for (const [i, { name }] of puzzle.bounds.entries()) {
    const moves = excess[i][0] > 0n ? movesFor(puzzle, chosen, excess, i) : [];
    if (moves.length) return `Which size would you change? For ${name}: ${moves.join("; ")}.`;
  }
  return "No single step helps without breaking another bound: change two sizes at once.";
}

// For each size the largest step that helps with this bound and harms no other.
function movesFor(puzzle, chosen, before, bound) {
  return puzzle.sizes.flatMap(([name, largest], place) => {
    const size = chosen[place], steps = [Math.floor(size / 2), 2 * size, size - 1, size + 1].filter((step) => step >= 1 && step <= largest);
    for (const step of steps) {
      const moved = chosen.map((one, i) => (i === place ? step : one)), after = excessOf(puzzle, moved);
      const harmless = after.every((one, i) => !less(before[i][0] > 0n ? before[i] : [0n, 1n], one));
      if (harmless && less(after[bound], before[bound])) return [`${name} from ${size} to ${step} makes it ${inWords(amountsOf(puzzle, moved)[puzzle.bounds[bound].name])}`];
    }
    return [];
  });
}

// A field for each size.  The page judges them; nothing is noted.
const startForm = () => start("puzzle", (root, [question]) => {
  const puzzle = readPuzzle(question);
  const fields = puzzle.sizes.map(() => h("input", { type: "text", inputmode: "numeric", autocomplete: "off", size: 5 }));
  const labels = puzzle.sizes.map(([name], i) => h("label", { class: "unetx-entry" }, `${name} `, fields[i]));
  answering(root, "Or try sizes here", labels, () => judgePuzzle(puzzle, fields.map(({ value }) => value.trim().replaceAll(",", ""))));
});
