// Guesses beside outcomes, folded until they are asked for.  Python has written the table; the page adds what it knows.
function ledger(root, questions) {
  const fold = root.querySelector("details"), rows = [...root.querySelectorAll("tbody tr")];
  const shownText = h("code", { class: "unetx-said" });
  const forget = h("button", { type: "button", onclick: () => kept.forget() }, "Forget my guesses");
  const fill = () => {
    shownText.textContent = ""; // it may be out of date
    questions.forEach((question, i) => {
      const guess = known(question), cells = rows[i].children;
      cells[1].textContent = (guess === null ? "no guess" : written(question, guess)).replaceAll(" ", "\u00a0");
      cells[3].textContent = guess === null ? "" : verdict(question, guess);
    });
    forget.hidden = !page.stored.size && kept.names().every((name) => kept.get(name) === undefined);
  };
  const copy = h("button", {
    type: "button", hidden: !questions.every(({ nth }, i) => nth === i) || questions.length < questions[0].of, // all, in their order
    onclick: async () => {
      const text = packed(questions, questions.map(known));
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch { // no permission, or no secure page: to copy by hand
        shownText.textContent = text;
      }
      setTimeout(() => { copy.textContent = "Copy my predictions"; }, 1500);
    },
  }, "Copy my predictions");
  root.prepend(h("style", {}, CSS));
  fold.append(h("div", { class: "unetx-buttons" }, copy, forget), shownText);
  fold.addEventListener("toggle", fill);
  page.listeners.push(fill);
  fill();
}

const startForm = () => start("ledger", ledger);
