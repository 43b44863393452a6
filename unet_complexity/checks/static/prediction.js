// "Note my guess": after form.js (h, page, start) and guess.js (what is kept, and until when).

const PATIENCE = 3000; // milliseconds for the kernel's answer

// "Note my guess": a number in a field, or one of some words.
function ask(root, question) {
  const id = `a${Math.random().toString(36).slice(2, 9)}`;
  const said = h("p", { class: "unetx-said", role: "status" });
  const [before, after] = question.form.split("{}");
  let link = null, sent = 0, askedAt, settled = "", late, typed, entry; // settled: the field's text when it last agreed with the guess
  if (question.choices.length) {
    typed = h("select", { id }, h("option", { value: "" }, "choose"), ...question.choices.map((word) => h("option", { value: word }, word)));
    entry = [typed];
  } else {
    typed = h("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", size: 9 });
    entry = [before, typed, after];
  }
  const say = (text) => { said.textContent = text; };
  const tell = () => {
    const guess = known(question);
    if (guess === null) return say("");
    if (typed.value === settled && (!question.choices.length || question.choices.includes(guess))) {
      typed.value = guess; // but keep what the reader has typed and not noted
      settled = typed.value;
    }
    return say(`You said ${written(question, guess)}.`);
  };
  const keep = (guess, isKept) => {
    clearTimeout(late); // an earlier guess may still wait for a kernel that has ended
    const stays = isKept ? "This browser keeps it." : "Only until this page is closed.";
    say(`Noted: you say ${written(question, guess)}.${hint(question, guess)} ${stays}`);
  };
  // Sends a text to the kernel, or null to ask for the guess in the file.  False without a kernel.
  const request = (text, at) => {
    if (!link || isGone(link.widget_manager)) return false;
    sent = Math.max(sent + 1, Date.now()); // new to the kernel after a reload too
    try {
      link.set("sent", { typed: text, at, nth: sent });
      link.save_changes();
      return true;
    } catch { // the kernel has closed its widgets
      return false;
    }
  };
  const send = (guess, at, text) => {
    const isKept = kept.put(question, [guess, at]); // removed once the file holds it
    page.unfiled.set(question.name, [guess, at, text, isKept]);
    if (!request(text, at)) return keep(guess, isKept);
    clearTimeout(late);
    late = setTimeout(() => keep(guess, isKept), PATIENCE); // a saved form may be open beside a kernel that does not know it
    return undefined;
  };
  // A guess that could not be written may reach the file together with another one.  Ask once, and only if no message of
  // this form or of another view is on its way: ipywidgets would replace it.
  const askAgain = () => {
    const [, at] = page.unfiled.get(question.name) ?? [];
    if (at === undefined || at === askedAt || link?.get("sent")?.nth !== link?.get("told")?.nth) return;
    askedAt = at;
    request(null, 0);
  };
  const note = () => {
    const { guess, problem } = parsed(question, typed.value);
    if (problem) return say(problem);
    settled = typed.value;
    latest(question); // takes note of a guess that another page has kept
    const at = Math.min(LATEST, Math.max(Date.now(), page.seen.get(question.name) + 1)); // a clock may have been put back
    send(guess, at, String(typed.value));
    return tellAll("noted");
  };
  const label = h("label", { for: id }, question.asked);
  root.replaceChildren(h("style", {}, CSS), card(label, entry, "Note my guess", note, said));
  page.listeners.push((what, name) => {
    if (what === "filed" && name !== question.name) return askAgain();
    if (what !== "forgotten" || name !== question.name) return undefined;
    clearTimeout(late);
    if (typed.value === settled) typed.value = settled = "";
    return tell();
  });
  tell();
  return (model) => {
    link = model;
    const hear = () => {
      const told = model.get("told") ?? {};
      if (told.noted) { // it is in the file
        for (const known of [page.guesses, page.filed, page.told]) remember(question.name, told.noted, known);
        isFiled(question.name, told.noted);
        // JupyterLite keeps no files on plain http
        if (!told.in_browser || globalThis.isSecureContext) kept.remove(question.name, told.noted);
        tellAll("noted");
        tellAll("filed", question.name);
      }
      return told;
    };
    model.on("change:told", () => {
      const { text, nth, noted, at = LATEST } = hear();
      if (at < LATEST) see(question.name, at); // also if the file does not hold it
      if (nth < sent) return; // about an earlier guess
      clearTimeout(late);
      if (!text) { // the answer to a question, of this view or of another one
        if (nth === sent && noted) tell();
        return;
      }
      const isOlder = at < latest(question)[1]; // as before a reload, or in another page
      say(isOlder ? `You said ${written(question, known(question))}.` : text);
    });
    // The model's state may have been saved with the notebook, so ignore its guess.  Use its time, because the file may
    // hold that guess.
    see(question.name, timeOf(model.get("told")?.noted));
    const [guess, at, text, isKept] = page.unfiled.get(question.name) ?? [];
    // Send it, unless a later guess is known or another page has forgotten this one.
    if (text && latest(question)[1] === at && !(isKept && kept.get(question.name) === undefined)) send(guess, at, text);
    else request(null, 0);
  };
}

const isGone = (manager) =>
  Boolean(manager) && "kernel" in manager && (!manager.kernel || manager.kernel.isDisposed || manager.kernel.status === "dead");

// A form is part of the page; its model, if there is a kernel, is not.  They find each other by key.  JupyterLab makes a
// new model when a notebook is closed and opened again, and does not say that the old one has gone.
function announce(model) {
  const key = model.get("_key");
  page.models.set(key, model);
  page.waiting.filter((one) => one.key === key).forEach((one) => one.follow(model));
  return () => { if (page.models.get(key) === model) page.models.delete(key); };
}

function render({ model, el }) {
  const root = h("div", { class: "unetx" });
  el.append(root);
  ask(root, model.get("question"))(model);
}

const startForm = () => start("prediction", (root, [question]) => {
  const follow = ask(root, question), { key } = root.dataset, model = page.models.get(key);
  if (key) page.waiting.push({ key, follow });
  if (model && !isGone(model.widget_manager)) follow(model);
});
