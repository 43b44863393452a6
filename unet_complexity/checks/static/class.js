// What a class guessed: pasted texts or files become a picture for each question, the one to talk about first on top.

// Guesses of one reader from a line, or from the text of a file beside the notebooks; undefined if damaged.
function readGuesses(questions, given) {
  const text = given.replaceAll("\ufeff", "").trim(); // byte order marks, also of joined files
  if (!text.startsWith("{")) return unpacked(questions, text);
  try {
    const found = JSON.parse(text);
    return questions.map((question) => {
      if (!Object.hasOwn(found, question.name)) return null;
      const value = found[question.name], isDated = Array.isArray(value) && value.length === 2 && Number.isInteger(value[1]);
      const { guess } = parsed(question, isDated ? value[0] : value);
      if (guess === undefined) throw new Error("no guess");
      return guess;
    });
  } catch {
    return undefined;
  }
}

// Each question with how often each guess was made, and the share of those that are wrong.
function summary(questions, readers) {
  return questions.map((question, i) => {
    const counts = new Map();
    for (const guesses of readers) if (guesses[i] !== null) counts.set(guesses[i], (counts.get(guesses[i]) ?? 0) + 1);
    const bars = [...counts].map(([guess, count]) => {
      const said = verdict(question, guess), kind = said === "right" || said === "close" ? "right" : said.includes(". ") ? "slip" : "other";
      return { guess: written(question, guess), count, verdict: said, kind };
    }).sort((a, b) => b.count - a.count || (a.guess < b.guess ? -1 : 1));
    const answered = bars.reduce((sum, bar) => sum + bar.count, 0);
    const wrong = bars.filter((bar) => bar.kind !== "right").reduce((sum, bar) => sum + bar.count, 0);
    const slips = bars.filter((bar) => bar.kind === "slip").reduce((sum, bar) => sum + bar.count, 0);
    return { asked: question.asked, was: question.was, answered, wrong, slips, bars };
  }).filter((one) => one.answered).sort((a, b) => b.wrong / b.answered - a.wrong / a.answered || b.slips - a.slips);
}

// The text of a file.  Some of Windows' editors write UTF-16.
async function textOf(file) {
  const data = await file.arrayBuffer(), encodings = { "255,254": "utf-16le", "254,255": "utf-16be" };
  return new TextDecoder(encodings[String(new Uint8Array(data.slice(0, 2)))]).decode(data);
}

const MOST_BARS = 8, MOST_READERS = 5000; // as in class_view.py

function drawn({ asked, was, answered, wrong, bars }) {
  const most = bars[0].count, rest = bars.slice(MOST_BARS).reduce((sum, bar) => sum + bar.count, 0);
  const lines = bars.slice(0, MOST_BARS).map((bar) => h("div", { class: "unetx-bar", "data-kind": bar.kind }, h("span", {}, bar.guess),
    h("span", {}, h("i", { style: `width:${(40 * bar.count) / most}%` }), `${bar.count} · ${bar.verdict}`)));
  if (rest) lines.push(h("div", { class: "unetx-bar" }, h("span", {}, "others"), h("span", {}, `${rest} · each guess made less often`)));
  return h("section", { class: "unetx-question" }, h("h4", {}, asked), h("p", { class: "unetx-said" }, `It was ${was}. ${wrong} of ${answered} guessed something else.`), ...lines);
}

function classView(root, questions) {
  const given = JSON.parse(root.dataset.texts ?? "[]");
  const pasted = h("textarea", { autocomplete: "off", "aria-label": "Texts of the class, one per line", placeholder: "One text per line, as Copy my predictions makes it", spellcheck: "false" });
  const chosen = h("input", { type: "file", multiple: true, accept: ".json,.txt", "aria-label": "Files of the class" });
  const said = h("p", { class: "unetx-said", role: "status" }), picture = h("div");
  const draw = (sources) => {
    const readers = [], broken = [];
    picture.replaceChildren();
    if (sources.length > MOST_READERS) {
      said.textContent = `A class has at most ${shown(MOST_READERS)} files and lines, got ${shown(sources.length)}.`;
      return;
    }
    for (const { name, text } of sources) {
      const guesses = readGuesses(questions, text);
      if (guesses) readers.push(guesses);
      else broken.push(name.replace(/[\p{C}\p{Z}]/gu, " ").slice(0, 60));
    }
    const lost = broken.length ? ` Not understood, and left out: ${broken.slice(0, 20).join(", ")}${broken.length > 20 ? ", ..." : ""}.` : "";
    said.textContent = `${shown(readers.length)} of ${shown(sources.length)} read.${lost} The prediction that most readers missed comes first.`;
    picture.append(...summary(questions, readers).map(drawn));
  };
  const linesOf = (what, all) => {
    const found = [];
    all.split("\n").forEach((text, i) => { if (text.trim()) found.push({ name: `${what} ${i + 1}`, text }); });
    return found;
  };
  let calls = 0; // one that has waited for a slow file gives way to a later one
  const read = async (file) => {
    const text = file.size > 2 ** 20 ? "" : await textOf(file).catch(() => ""), lines = linesOf(`${file.name}, line`, text);
    const isOne = !file.name.toLowerCase().endsWith(".txt") || /^{\r?\n/.test(text); // mail programs may name it my-predictions.json.txt
    return isOne || !lines.length ? [{ name: file.name, text }] : lines;
  };
  const all = async () => {
    const call = ++calls, lines = linesOf("line", pasted.value), files = await Promise.all([...chosen.files].map(read));
    if (call === calls) draw([...lines, ...files.flat()]);
  };
  root.replaceChildren(h("style", {}, CSS), h("div", { class: "unetx-class" }, ...(given.length ? [] : [pasted, h("p", {}, chosen, " "), h("button", { type: "button", onclick: all }, "Show what the class guessed")]), said, picture));
  if (given.length) draw(given);
}

const startForm = () => start("class", classView);
