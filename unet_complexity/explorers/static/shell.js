// What all explorers share: controls, state, the text line, playing, copying, and the two ways to be on a page.

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Bounds follow each other, so a state that cannot be is never reached. Twice, since one bound may move another.
function fit(state, previous = state) {
  const fitted = Object.fromEntries(SPEC.controls.map(({ name }) => [name, state[name]])); // no foreign names
  for (let pass = 0; pass < 2; pass++) {
    for (const { name, options, low } of SPEC.controls) {
      // a stored state may hold anything, and has none before it
      if (!options) fitted[name] = [fitted[name], previous[name], low].map(Number).find(Number.isFinite);
    }
    for (const control of SPEC.controls) {
      const { name, options } = control;
      if (options) {
        const allowed = allowedOf(control, fitted);
        if (!allowed.includes(fitted[name])) fitted[name] = allowed.includes(previous[name]) ? previous[name] : allowed[0];
        continue;
      }
      const { low, high, step } = boundsOf(control, fitted);
      const snapped = low + Math.round((fitted[name] - low) / step) * step;
      fitted[name] = Math.max(low, Math.min(low + Math.floor((high - low) / step) * step, snapped));
    }
  }
  return fitted;
}

const boundsOf = (control, state) =>
  ({ low: control.low, high: control.high, step: 1, ...(explorer.bounds ? explorer.bounds(state)[control.name] : {}) });

const allowedOf = (control, state) => (explorer.allowed && explorer.allowed(state)[control.name]) || control.options;

// A slider's stops that are within bounds; every number where none are given.
function stopsOf(control, state) {
  const { low, high, step } = boundsOf(control, state);
  const all = control.stops.length ? control.stops : Array.from({ length: (high - low) / step + 1 }, (_, i) => low + i * step);
  return all.filter((stop) => stop >= low && stop <= high && (stop - low) % step === 0);
}

function numberControl(control, uid, change) {
  const id = `${uid}-${control.name}`;
  let stops = [], bounds = {}, shown = "";
  const moved = (wanted) => { shown = ""; change(control.name, wanted); }; // the state may not take this value: show it again
  // autocomplete off: on Back, a browser would restore old values beside a new picture
  const value = h("input", { type: "number", id, class: "unetx-value", inputmode: "numeric", autocomplete: "off", onchange: () => type() });
  const slider = h("input", {
    type: "range", min: 0, step: 1, autocomplete: "off", "aria-label": control.label, "data-control": control.name,
    oninput: () => moved(stops[Number(slider.value)]),
  });
  const note = h("p", { class: "unetx-note", role: "status", hidden: true });
  const element = h("div", { class: "unetx-control" }, h("label", { for: id }, control.label), value, slider, note);
  function type() {
    const wanted = value.value;
    moved(wanted === "" ? NaN : Number(wanted));
    if (value.value === wanted) return;
    const by = bounds.step > 1 ? `, in steps of ${exact(bounds.step)}` : "";
    note.textContent = `${exact(bounds.low)} to ${exact(bounds.high)}${by}: ${exact(Number(value.value))} is nearest`;
    note.hidden = false;
  }
  return {
    element,
    show(state) {
      const { low, high, step } = boundsOf(control, state), now = state[control.name], seen = `${now} ${low} ${high} ${step}`;
      note.hidden = true;
      if (seen === shown) return; // setting a field is slow
      shown = seen;
      if (low !== bounds.low || high !== bounds.high || step !== bounds.step) {
        [bounds, stops] = [{ low, high, step }, stopsOf(control, state)];
        Object.assign(value, { min: low, max: high, step });
        slider.max = Math.max(0, stops.length - 1);
        slider.disabled = stops.length < 2;
      }
      value.value = now;
      slider.value = stops.reduce((best, stop, i) => (Math.abs(stop - now) < Math.abs(stops[best] - now) ? i : best), 0);
      slider.setAttribute("aria-valuetext", exact(now));
    },
  };
}

function choiceControl(control, uid, change) {
  const inputs = control.options.map((option) => h("input", {
    type: "radio", name: `${uid}-${control.name}`, value: option, autocomplete: "off", "data-control": control.name,
    onchange: () => change(control.name, option),
  }));
  const choices = inputs.map((input) => h("label", {}, input, h("span", {}, input.value.replace("_", " "))));
  const element = h("fieldset", { class: "unetx-control unetx-choice" }, h("legend", {}, control.label), ...choices);
  return {
    element,
    show(state) {
      const allowed = allowedOf(control, state);
      for (const input of inputs) {
        input.checked = input.value === state[control.name];
        input.disabled = !allowed.includes(input.value);
      }
    },
  };
}

function playControls(name, get, set) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let timer = null;
  const last = () => boundsOf(SPEC.controls.find((control) => control.name === name), get()).high;
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "▶ Play"; };
  const by = (steps) => { stop(); set({ [name]: get()[name] + steps }); };
  const tick = () => (get()[name] >= last() ? stop() : set({ [name]: get()[name] + 1 }));
  const start = () => {
    if (get()[name] >= last()) set({ [name]: 0 });
    if (still) return set({ [name]: last() }); // no motion is wanted: show where it ends
    play.textContent = "❚❚ Pause";
    timer = setInterval(tick, Math.max(60, Math.min(400, 6000 / last())));
    return undefined;
  };
  const button = (text, title, onclick) => h("button", { type: "button", title, "aria-label": title, onclick }, text);
  const play = h("button", { type: "button", class: "unetx-main", onclick: () => (timer ? stop() : start()) }, "▶ Play");
  const element = h("div", { class: "unetx-buttons" }, play, button("‹", "one step back", () => by(-1)),
    button("›", "one step on", () => by(1)), button("⇤", "to the start", () => by(-last())), button("⇥", "to the end", () => by(last())));
  return { element, stop };
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no permission, or no secure page
    const area = h("textarea", { class: "unetx-hidden" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// A button that copies what `text` returns, and says so.
function copyButton(name, text) {
  const button = h("button", { type: "button", onclick: async () => {
    await copyText(text());
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = name; }, 1200);
  } }, name);
  return button;
}

// A state to pass on: on a page as its address, in a notebook as the line of Python that makes the same explorer.
const inNotebook = () => document.body.dataset.jpThemeLight !== undefined;
const sameKind = () => [...document.querySelectorAll(`.unetx[data-explorer="${SPEC.kind}"]`)];
const anchorOf = (root) => `${SPEC.kind}-${sameKind().indexOf(root) + 1}`;

function asAddress(root, state) {
  const address = new URL(location.href);
  address.hash = `${anchorOf(root)}?${new URLSearchParams(state)}`;
  return address.href;
}

function asPython(state) {
  const values = Object.entries(state).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const network = SPEC.network ? ["network"] : [];
  return `${SPEC.kind[0].toUpperCase()}${SPEC.kind.slice(1)}Explorer(${[...network, ...values].join(", ")})`;
}

// The state that the page's address asks of this explorer: undefined if of none, null if it cannot be.
function addressed(root, state) {
  const [anchor, query] = location.hash.slice(1).split("?");
  if (anchor !== anchorOf(root)) return undefined;
  const asked = { ...state };
  for (const [name, text] of new URLSearchParams(query)) {
    const control = SPEC.controls.find((one) => one.name === name);
    if (!control) return null;
    asked[name] = control.options ? text : Number(text || NaN);
  }
  const fitted = fit(asked, state);
  return Object.keys(asked).every((name) => fitted[name] === asked[name]) ? asked : null;
}

const csv = (rows) => rows.map((row) => row.map((cell) => (/[",\n]/.test(cell) ? `"${String(cell).replace(/"/g, '""')}"` : cell)).join(",")).join("\n") + "\n";

// One stop of the Tab key for the whole picture; arrows go from mark to mark, and each tells its numbers.
function tellMarks(stage, tip) {
  const marks = () => [...stage.querySelectorAll(".mark")];
  const hide = () => { tip.hidden = true; };
  const tell = (mark) => {
    const box = mark.getBoundingClientRect(), frame = stage.getBoundingClientRect();
    tip.textContent = mark.getAttribute("aria-label");
    tip.hidden = false;
    const left = Math.min(box.left - frame.left, frame.width - tip.offsetWidth - 4);
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${box.bottom - frame.top + 4}px`;
  };
  stage.addEventListener("pointermove", (event) => { const mark = event.target.closest(".mark"); if (mark) tell(mark); else hide(); });
  stage.addEventListener("pointerleave", hide);
  stage.addEventListener("focusin", (event) => { const mark = event.target.closest(".mark"); if (mark) tell(mark); });
  stage.addEventListener("focusout", hide);
  stage.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], all = marks();
    const at = all.indexOf(document.activeElement);
    if (event.key === "Escape") hide();
    if (!by || at < 0) return;
    event.preventDefault();
    all[(at + by + all.length) % all.length].focus();
  });
  return { ready: (at = 0) => { const all = marks(); if (all.length) all[Math.min(at, all.length - 1)].setAttribute("tabindex", "0"); } };
}

// Builds an explorer inside `root`. Returned: how to move it from outside, and what to do when it was moved inside.
function mount(root, now, python = false) {
  const uid = `x${Math.random().toString(36).slice(2, 9)}`;
  // A value that had to give way to another control's comes back when that one does.
  const wish = { ...now };
  let state = fit(now), before = null, result = null, lastChange = -Infinity, narrow = false, speaking = null, telling = null;

  const alive = {
    set: (changes) => set(changes, false), state: () => state, stop: () => { player?.stop(); watch.disconnect(); },
    onChange: () => {}, initial: now,
  };
  const stage = h("div", { class: "unetx-stage" });
  const drawing = h("div"), tip = h("div", { class: "unetx-tip", hidden: true, "aria-hidden": "true" });
  stage.append(drawing, tip);
  const patterns = hatches(uid); // parsed once, not with each picture
  stage.insertAdjacentHTML("beforeend", `<svg style="position:absolute;width:0;height:0" aria-hidden="true">${patterns}</svg>`);
  const marks = tellMarks(stage, tip);
  const text = h("p", { class: "unetx-text" }), live = h("p", { class: "unetx-hidden", "aria-live": "polite" });

  const formulas = h("div", {}, ...(explorer.forms || []).map(() => h("dl", { class: "unetx-form" }, h("dt"), h("dd"), h("dd"), h("dd"))));
  const unfolded = h("details", { class: "unetx-more", ontoggle: () => tellForms() }, h("summary", {}, "The formulas, with these numbers in them"), formulas);

  function draw() {
    result = explorer.picture(state, { narrow, uid, before });
    const focused = [...drawing.querySelectorAll(".mark")].indexOf(document.activeElement);
    drawing.innerHTML = result.svg.replace(patterns, "");
    marks.ready(Math.max(0, focused));
    if (focused >= 0) drawing.querySelectorAll(".mark")[focused]?.focus();
    text.textContent = result.text;
    tellForms();
    controls.forEach((control) => control.show(state));
    hide();
  }

  // The formulas are long, so write them only if they are unfolded.
  function tellForms() {
    if (!unfolded.open) return;
    result.forms().forEach((form, i) => form.forEach((part, j) => { formulas.children[i].children[j].textContent = part; }));
  }

  function hide() {
    const hidden = explorer.hidden ? explorer.hidden(state) : [];
    SPEC.controls.forEach((control, i) => { controls[i].element.hidden = hidden.includes(control.name); });
  }

  function set(changes, tell = true) {
    const now = performance.now(), old = state;
    state = fit({ ...wish, ...changes }, state);
    for (const name of Object.keys(changes)) wish[name] = state[name];
    if (SPEC.controls.every(({ name }) => state[name] === old[name])) return draw(); // a typed value was out of bounds
    if (now - lastChange > 700) before = old; // the ghost: where this movement began
    lastChange = now;
    draw();
    clearTimeout(speaking);
    speaking = setTimeout(() => { live.textContent = result.text; }, 500);
    if (tell) telling ??= setTimeout(() => { telling = null; alive.onChange(state); }); // the picture first
    return undefined;
  }

  const change = (name, value) => { player?.stop(); set({ [name]: value }); };
  const controls = SPEC.controls.map((control) => (control.options ? choiceControl : numberControl)(control, uid, change));
  const of = (folded) => controls.filter((_, i) => SPEC.controls[i].folded === folded).map((control) => control.element);
  const player = explorer.play ? playControls(explorer.play, () => state, set) : null;
  const button = (name, onclick) => h("button", { type: "button", onclick }, name);
  const presets = Object.entries(SPEC.presets).map(([name, preset]) => button(name, () => { player?.stop(); set({ ...(explorer.play ? { [explorer.play]: 0 } : {}), ...preset }); }));
  const copies = [copyButton("Copy as CSV", () => csv(result.rows)),
    copyButton("Copy link", () => (python || inNotebook() ? asPython(state) : asAddress(root, state)))];
  const more = h("details", { class: "unetx-more" }, h("summary", {}, "More settings"), h("div", { class: "unetx-controls" }, ...of(true)));

  if (explorer.pick) {
    const pick = (event) => {
      const box = drawing.firstElementChild.getBoundingClientRect(), view = drawing.firstElementChild.viewBox.baseVal;
      const scale = view.width / box.width;
      const picked = explorer.pick(state, (event.clientX - box.left) * scale, (event.clientY - box.top) * scale, narrow);
      if (picked) { player?.stop(); set(picked); }
    };
    drawing.addEventListener("pointerdown", pick);
    drawing.addEventListener("pointermove", (event) => { if (event.buttons) pick(event); });
  }

  root.replaceChildren(h("style", {}, CSS),
    h("div", { class: "unetx-card", role: "group", "aria-label": explorer.name },
      h("div", { class: "unetx-controls" }, ...of(false)), ...(player ? [player.element] : []),
      stage, text, live, ...(explorer.forms ? [unfolded] : []), more,
      h("div", { class: "unetx-buttons" }, ...presets, button("Reset", () => { player?.stop(); set(alive.initial); }), ...copies)));
  meeting.alive.add(root);
  root.setAttribute("data-alive", "");
  root.classList.add("mathjax_ignore", "tex2jax_ignore"); // a name may hold what MathJax 3 or 2 takes for a formula
  // JupyterLab would take arrow keys as its own, and Notebook 7 before they arrive, unless the element itself says no.
  root.addEventListener("keydown", (event) => event.stopPropagation());
  root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));

  const watch = new ResizeObserver(() => {
    const now = stage.clientWidth > 0 && stage.clientWidth < 560;
    if (now !== narrow) { narrow = now; draw(); }
  });
  watch.observe(stage);
  narrow = stage.clientWidth > 0 && stage.clientWidth < 560;
  draw();
  return alive;
}

// Where a page knows its kernel: whether it has ended. Telling it would then only fill the console with complaints.
const kernelIsGone = (manager) =>
  Boolean(manager) && "kernel" in manager && (!manager.kernel || manager.kernel.isDisposed || manager.kernel.status === "dead");

// Python's state moves the picture, a control moves Python's state; without a kernel the page works alone.
function follow(alive, model) {
  const names = SPEC.controls.map((control) => control.name);
  const read = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  let telling = false; // the model calls back for every value it is told
  const heard = () => {
    const now = read(), here = alive.state(), changed = names.filter((name) => now[name] !== here[name]);
    if (changed.length && !telling) alive.set(Object.fromEntries(changed.map((name) => [name, now[name]])));
  };
  alive.onChange = (state) => {
    telling = true;
    for (const name of names) if (model.get(name) !== state[name]) model.set(name, state[name]);
    telling = false;
    if (!kernelIsGone(model.widget_manager)) model.save_changes();
  };
  alive.initial = model.get("_initial");
  for (const name of names) model.on(`change:${name}`, heard);
  heard();
  return () => { for (const name of names) model.off(`change:${name}`, heard); };
}

// In an ipywidgets container.
function renderWidget({ model, el }) {
  const root = h("div", { class: "unetx", "data-explorer": SPEC.kind });
  el.append(root);
  const alive = mount(root, Object.fromEntries(SPEC.controls.map(({ name }) => [name, model.get(name)])), true);
  const leave = follow(alive, model);
  return () => { leave(); alive.stop(); };
}

// Anywhere else an explorer is part of the page, and its model, if there is a kernel, is not. They find each other by
// their key, whichever comes first; a page may show one model several times. JupyterLab makes a new model when a notebook
// is closed and opened again, and does not say that the old one has gone.
const meeting = (globalThis.unetxMeeting ??= { models: new Map(), waiting: [] });
meeting.alive ??= new WeakSet(); // a page may have been saved with its attributes data-alive

function announce(model) {
  const key = model.get("_key");
  meeting.models.set(key, model);
  meeting.waiting.filter((one) => one.key === key).forEach((one) => one.meet(model));
  return () => { if (meeting.models.get(key) === model) meeting.models.delete(key); };
}

function followLink(root, alive) {
  const asked = addressed(root, alive.state());
  if (asked === undefined) return;
  if (asked) alive.set(asked);
  const said = asked ? "This is the state of the link that you followed." : "The link asks for what this picture cannot show. This is how it starts.";
  root.firstElementChild.after(h("p", { class: "unetx-followed", role: "status" }, said));
  root.scrollIntoView();
}

function startOnPage() {
  const mine = SPEC.network ? `[data-network="${SPEC.network}"]` : "";
  for (const root of document.querySelectorAll(`.unetx[data-explorer="${SPEC.kind}"]${mine}`)) {
    if (meeting.alive.has(root)) continue;
    const alive = mount(root, JSON.parse(root.dataset.state)), { key } = root.dataset;
    followLink(root, alive);
    let leave = () => {};
    const meet = (model) => { leave(); leave = follow(alive, model); }, model = meeting.models.get(key);
    if (key) meeting.waiting.push({ key, meet });
    if (model && !kernelIsGone(model.widget_manager)) meet(model);
  }
}
