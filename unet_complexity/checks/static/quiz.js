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

const startForm = () => start("quiz", quiz);
