// Predictions on a page: noted, kept, and shown beside the outcome, with or without a kernel.

const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

// What the page has in common: guesses of this visit, and kernels' models by their keys.
const page = (globalThis.unetxForms ??= { guesses: new Map(), models: new Map(), waiting: [], listeners: [], chosen: new Map() });
const tellAll = (what) => page.listeners.forEach((listener) => listener(what));
const STORE = "unet_complexity.guesses";

// Without a kernel the browser keeps guesses.  Where it may not (private windows), they last as long as the page.
const kept = {
  all() {
    try {
      const found = JSON.parse(localStorage.getItem(STORE));
      return found && typeof found === "object" && !Array.isArray(found) ? found : {};
    } catch {
      return {};
    }
  },
  put(name, guess) {
    page.guesses.set(name, guess);
    try {
      localStorage.setItem(STORE, JSON.stringify({ ...kept.all(), [name]: guess }));
      return true;
    } catch {
      return false;
    }
  },
  forget() {
    page.guesses.clear();
    try {
      localStorage.removeItem(STORE);
    } catch { /* nothing was kept */ }
    tellAll("forgotten");
  },
};

// The guess that is known for a question: of this visit, of the kernel's file, or of an earlier visit.
function known(question) {
  if (page.guesses.has(question.name)) return page.guesses.get(question.name);
  if (question.guess !== null) return question.guess;
  const { guess } = parsed(question, kept.all()[question.name] ?? "");
  return guess ?? null;
}

// "Note my guess": a number in a field, or one of some words.
function ask(root, question) {
  const id = `a${Math.random().toString(36).slice(2, 9)}`;
  const said = h("p", { class: "unetx-said", role: "status" });
  const [before, after] = question.form.split("{}");
  let link = null, sent = 0, typed, entry;
  if (question.choices.length) {
    typed = h("select", { id }, h("option", { value: "" }, "choose"), ...question.choices.map((word) => h("option", {}, word)));
    entry = [typed];
  } else {
    typed = h("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", size: 9 });
    entry = [before, typed, after];
  }
  const say = (text) => { said.textContent = text; };
  const tell = () => {
    const guess = known(question);
    if (guess === null) return say("");
    if (!question.choices.length || question.choices.includes(guess)) typed.value = guess;
    return say(`You said ${written(question, guess)}.`);
  };
  const note = (event) => {
    event.preventDefault();
    const { guess, problem } = parsed(question, typed.value);
    if (problem) return say(problem);
    if (link && !isGone(link.widget_manager)) {
      page.guesses.set(question.name, guess);
      link.set("sent", { typed: String(typed.value), nth: (sent += 1) });
      link.save_changes();
    } else {
      const stays = kept.put(question.name, guess) ? "This browser keeps it." : "Only until this page is closed.";
      say(`Noted: you say ${written(question, guess)}.${hint(question, guess)} ${stays}`);
    }
    return tellAll("noted");
  };
  const label = h("label", { for: id }, question.asked);
  root.replaceChildren(h("style", {}, CSS), h("form", { class: "unetx-ask-card", onsubmit: note }, label,
    h("span", { class: "unetx-entry" }, ...entry, h("button", { type: "submit" }, "Note my guess")), said));
  page.listeners.push((what) => { if (what === "forgotten") tell(); });
  tell();
  return (model) => {
    link = model;
    model.on("change:told", () => say(model.get("told").text));
  };
}

// A field for an answer: a number or a formula.  The page judges it; nothing is noted.
function exercise(root, question) {
  const id = `e${Math.random().toString(36).slice(2, 9)}`;
  const typed = h("input", { id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", class: "unetx-formula" });
  const said = h("p", { class: "unetx-said", role: "status" });
  const answer = (event) => {
    event.preventDefault();
    const { right, text } = judge(question, typed.value);
    said.textContent = `${right ? "✓ Right." : "→ Not yet."} ${text}`;
    said.dataset.right = right;
  };
  root.append(h("style", {}, CSS), h("form", { class: "unetx-ask-card", onsubmit: answer },
    h("label", { for: id }, "Or answer here, with a number or a formula"),
    h("span", { class: "unetx-entry" }, typed, h("button", { type: "submit" }, "Check")), said));
}

// Guesses beside outcomes, folded until they are asked for.  Python has written the table; the page adds what it knows.
function ledger(root, questions) {
  const fold = root.querySelector("details"), rows = [...root.querySelectorAll("tbody tr")];
  const forget = h("button", { type: "button", onclick: () => kept.forget() }, "Forget my guesses");
  const fill = () => {
    questions.forEach((question, i) => {
      const guess = known(question), cells = rows[i].children;
      cells[1].textContent = (guess === null ? "no guess" : written(question, guess)).replaceAll(" ", "\u00a0");
      cells[3].textContent = guess === null ? "" : verdict(question, guess);
    });
    forget.hidden = !page.guesses.size && !Object.keys(kept.all()).length;
  };
  fold.append(h("div", { class: "unetx-buttons" }, forget));
  fold.addEventListener("toggle", fill);
  page.listeners.push(fill);
  fill();
}

// The option that is unfolded first is what was chosen.  The others may be read afterwards.
function quiz(root, questions) {
  const said = h("p", { class: "unetx-said", role: "status" });
  root.append(h("style", {}, CSS), said);
  const items = [...root.querySelectorAll("ol > li")];
  const tell = () => {
    const chosen = questions.filter(({ number }) => page.chosen.has(number));
    const right = chosen.filter(({ number }) => page.chosen.get(number)).length;
    const all = page.chosen.size > chosen.length ? `; of the whole quiz so far: ${[...page.chosen.values()].filter(Boolean).length} of ${page.chosen.size}` : "";
    said.textContent = chosen.length < questions.length ? "" : `Right at the first choice: ${right} of ${questions.length}${all}.`;
  };
  items.forEach((item, i) => {
    const { number, right } = questions[i], options = [...item.querySelectorAll("details")];
    options.forEach((option, place) => option.addEventListener("toggle", () => {
      if (!option.open || page.chosen.has(number)) return;
      page.chosen.set(number, place === right);
      option.firstElementChild.append(h("strong", {}, place === right ? " ✓ your choice" : " ✗ your choice"));
      tellAll("chosen");
    }));
  });
  page.listeners.push(tell);
}

const isGone = (manager) =>
  Boolean(manager) && "kernel" in manager && (!manager.kernel || manager.kernel.isDisposed || manager.kernel.status === "dead");

// A form is part of the page; its model, if there is a kernel, is not.  They find each other by key.
function announce(model) {
  const key = model.get("_key");
  page.models.set(key, model);
  page.waiting.filter((one) => one.key === key).forEach((one) => one.follow(model));
  return () => page.models.delete(key);
}

function render({ model, el }) {
  const root = h("div", { class: "unetx" });
  el.append(root);
  ask(root, model.get("question"))(model);
}

function startForms() {
  for (const root of document.querySelectorAll(".unetx[data-ask]:not([data-alive])")) {
    root.setAttribute("data-alive", "");
    root.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab's shortcuts
    root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
    root.classList.add("mathjax_ignore", "tex2jax_ignore");
    const data = JSON.parse(root.dataset.questions), { key } = root.dataset;
    if (root.dataset.ask === "ledger") ledger(root, data);
    else if (root.dataset.ask === "exercise") exercise(root, data[0]);
    else if (root.dataset.ask === "quiz") quiz(root, data);
    else {
      const follow = ask(root, data[0]);
      if (page.models.has(key)) follow(page.models.get(key));
      else if (key) page.waiting.push({ key, follow });
    }
  }
}
