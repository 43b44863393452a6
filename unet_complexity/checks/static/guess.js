// Judging of predictions, as predictions.py does it: the tests compare both.

const CLOSE = 1.05, CLOSE_TO_SLIP = 0.01, FAR = 1e9, LARGEST = 1e15;
const UNITS = { "{} %": [0, 100, 0.01], "{} million": [0.1, FAR, 1e6] };

function parsed(question, typed) {
  if (typeof typed !== "string" && typeof typed !== "number") return { problem: "A number or a word is wanted." };
  const { form, choices } = question, text = String(typed).toLowerCase();
  if (choices.length) {
    const meant = choices.filter((choice) => ` ${choice} `.includes(` ${text} `));
    return meant.length === 1 ? { guess: meant[0] } : { problem: `Choose one of: ${choices.join(", ")}.` };
  }
  const [before, after] = form.toLowerCase().replaceAll(" ", "").split("{}");
  let bare = text.replaceAll(" ", "");
  if (before && bare.startsWith(before)) bare = bare.slice(before.length);
  const unit = after || before;
  if (unit && bare.endsWith(unit)) bare = bare.slice(0, -unit.length);
  const isKept = typeof typed === "number" && typed >= 0; // a stored number, which JavaScript may print as 2e-7
  if (!isKept && !/^(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$/.test(bare)) return { problem: "A number is wanted, such as 4 or 2.5." };
  const guess = isKept ? typed : Number(bare.replaceAll(",", ""));
  if (guess > LARGEST) return { problem: "Nothing here is that large." };
  if (form.endsWith("%") && guess > 100) return { problem: `A share is at most 100 %, and ${bare} is more.` };
  return { guess };
}

const written = (question, guess) => (question.choices.length ? guess : question.form.replace("{}", shown(guess, 6)));

function hint(question, guess) {
  if (!(question.form in UNITS)) return "";
  const [least, most, unit] = UNITS[question.form], meant = guess / unit;
  if (!(least < meant && meant <= most)) return "";
  return ` If you mean ${written(question, meant)}, write ${shown(meant, 6)}.`;
}

function verdict(question, guess) {
  if (question.outcomes.includes(guess)) return "right";
  const near = (value) => typeof value === "number" && Math.abs(guess - value) < CLOSE_TO_SLIP * value;
  const slip = question.slips.find(([value]) => value === guess || near(value));
  return distance(question, guess) + (slip ? `. ${slip[1]}` : "");
}

function distance({ outcomes, choices }, guess) {
  if (choices.length) return "wrong";
  const [was] = outcomes, what = guess > was ? "much" : "little";
  if (!guess || !was) return `too ${what}`;
  const ratio = Math.max(guess / was, was / guess);
  if (ratio < CLOSE) return "close";
  return `${ratio < FAR ? `${shown(ratio, 3)} times` : "far"} too ${what}`;
}

// All guesses as a short text: U1/first/second/.../checksum; a word is its place among the choices
const VERSION = "U1";

function checksum(text) {
  let sum = 7;
  for (const character of text) sum = (31 * sum + character.codePointAt(0)) % 1296;
  return sum.toString(36).padStart(2, "0");
}

function packed(questions, guesses) {
  const each = questions.map(({ choices }, i) => {
    const guess = guesses[i];
    if (guess === null) return "";
    return choices.length ? String(choices.indexOf(guess)) : String(Number(guess.toPrecision(6)));
  });
  const text = [VERSION, ...each].join("/");
  return `${text}/${checksum(text)}`;
}

// The guesses of such a text, null where there is none; undefined if it is damaged.
function unpacked(questions, line) {
  const parts = line.trim().split("/"), sum = parts.pop();
  if (parts[0] !== VERSION || parts.length !== questions.length + 1 || sum !== checksum(parts.join("/"))) return undefined;
  const guesses = questions.map((question, i) => {
    const part = parts[i + 1];
    if (part === "") return null;
    if (question.choices.length) return /^\d+$/.test(part) ? question.choices[Number(part)] : undefined;
    return /^[\d.e+-]+$/.test(part) && Number(part) >= 0 && Number(part) <= LARGEST ? Number(part) : undefined;
  });
  return guesses.includes(undefined) ? undefined : guesses;
}

// Kept guesses

// Each prediction has a key of its own, so two pages that write at the same time cannot overwrite other guesses.
const STORE = "unet_complexity.guesses.";
const FILED = /^\[null,(\d+)\]$/; // replaces a guess once the file holds it or one made later, with that one's time; a removed key means "forgotten"

// A kept guess is [guess, milliseconds since 1970]; an older page kept it without the time.
const LATEST = 1e15;
function timeOf(dated) {
  const [, at] = [dated].flat();
  return Number.isInteger(at) && at >= 0 && at <= LATEST ? at : dated === undefined ? -1 : 0;
}

// What this visit knows; of two guesses the later.
function remember(name, dated, known = page.guesses) {
  if (timeOf(dated) >= timeOf(known.get(name))) known.set(name, dated);
}

page.told ??= new Map(); // guesses that the file holds, according to the kernel
page.filed ??= new Map(); // or according to another page

// Guesses of this page that the kernel has not reported to be in the file: [guess, time, typed text, whether the browser
// keeps it].  A form sends its guess when its kernel connects.
page.unfiled ??= new Map();
function isFiled(name, filed) {
  if (timeOf(filed) >= (page.unfiled.get(name)?.[1] ?? -1)) page.unfiled.delete(name);
}

// Times of all guesses that the page has shown, forgotten ones included: they may be on their way to the kernel.
// The guesses themselves stay apart, because one tab may show the notebooks of two readers.
page.seen ??= new Map();
const see = (name, at) => page.seen.set(name, Math.max(at, page.seen.get(name) ?? -1));

function asGuess(read) {
  try {
    const found = JSON.parse(read()) ?? undefined;
    return found?.[0] === null ? undefined : found; // it is in the file
  } catch {
    return undefined;
  }
}

// Without a kernel the browser keeps guesses.  Where it may not (private windows), they last as long as the page.
const kept = {
  get: (name) => asGuess(() => localStorage.getItem(STORE + name)),
  names() {
    try {
      const keys = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i));
      return keys.filter((key) => key.startsWith(STORE)).map((key) => key.slice(STORE.length));
    } catch {
      return [];
    }
  },
  // Whether the browser took it.
  write(name, dated) {
    try {
      localStorage.setItem(STORE + name, JSON.stringify(dated));
      return true;
    } catch {
      return false;
    }
  },
  put(question, dated) {
    remember(question.name, dated);
    page.stored.add(question.name);
    return latest(question)[1] > timeOf(dated) || kept.write(question.name, dated);
  },
  // The file holds this guess.  False if the browser has a later one, as from another page: that stays.
  remove(name, filed) {
    const found = kept.get(name);
    if (timeOf(found) > timeOf(filed)) return false;
    page.stored.delete(name);
    if (found !== undefined) kept.write(name, [null, timeOf(filed)]);
    return true;
  },
  forget() {
    for (const name of new Set([...kept.names(), ...page.stored])) {
      try { localStorage.removeItem(STORE + name); } catch { /* it keeps nothing */ }
      kept.drop(name);
    }
  },
  drop(name) {
    page.guesses.delete(name);
    page.stored.delete(name);
    if (page.filed.has(name)) page.guesses.set(name, page.filed.get(name));
    tellAll("forgotten", name);
  },
};

// Another page forgot, or noted.
if (!page.stored) {
  page.stored = new Set();
  globalThis.addEventListener?.("storage", ({ key, oldValue, newValue }) => {
    if (key === null) return [...page.stored].forEach(kept.drop); // all that this site keeps
    if (!key.startsWith(STORE)) return undefined;
    if (newValue === null) return kept.drop(key.slice(STORE.length));
    const name = key.slice(STORE.length), [, filed] = FILED.exec(newValue) ?? [], old = asGuess(() => oldValue);
    // Another page has overwritten this page's later guess.  A removed key is not written again: it was forgotten.
    const isLost = filed
      ? (page.unfiled.get(name)?.[1] ?? -1) > Number(filed)
      : timeOf(page.guesses.get(name)) > timeOf(kept.get(name));
    if (isLost && page.stored.has(name) && kept.names().includes(name)) kept.write(name, page.guesses.get(name));
    else if (filed && timeOf(old) === Number(filed)) remember(name, old, page.filed);
    return tellAll("noted");
  });
}

const toldBefore = new WeakMap(); // by question: the filed guess, as told by the kernel, when the form or ledger was made

// The guess that is known for a question, the latest of this visit's, the browser's and the file's; and its time.
function latest(question) {
  let [found, when] = [question.guess, question.at];
  const told = page.told.get(question.name);
  if (!toldBefore.has(question)) toldBefore.set(question, told);
  for (const dated of [told, page.guesses.get(question.name), kept.get(question.name)]) {
    const { guess } = parsed(question, [dated].flat()[0]), at = timeOf(dated);
    // of equal times the file's guess counts, as last told, because a reader may have edited it by hand
    const wins = at > when || at === LATEST || (at === when && dated === told && told !== toldBefore.get(question));
    if (guess === undefined || !wins) continue;
    [found, when] = [guess, at];
    remember(question.name, dated); // the store drops it once another page has handed it on to the file
  }
  see(question.name, when);
  return [found, when];
}

const known = (question) => latest(question)[0];
