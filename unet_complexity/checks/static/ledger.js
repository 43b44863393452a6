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

const startForm = () => start("ledger", ledger);
