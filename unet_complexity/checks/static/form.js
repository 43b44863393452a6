// What all forms share: elements, what a page has in common, and how a form finds its place.

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
page.alive ??= new WeakSet(); // a page may have been saved with its attributes data-alive
const tellAll = (what, name) => page.listeners.forEach((listener) => listener(what, name));

// The nearest number with this many digits.  Exactly between two, Python takes the even one, JavaScript the larger.
function rounded(value, digits) {
  const [mantissa, exponent] = value.toExponential(60).split("e"), all = mantissa.replace(".", "");
  const first = all.slice(0, digits), isTie = /^50*$/.test(all.slice(digits));
  if (isTie && Number(first.at(-1)) % 2 === 0) return Number(`${first[0]}.${first.slice(1)}e${exponent}`);
  return Number(value.toPrecision(digits));
}

// Python's f"{value:,}" of a whole number, f"{value:,.{digits}g}" of any other.
const grouped = (whole) => `${whole}`.replace(/\B(?=(\d{3})+$)/g, ",");
function shown(value, digits = 4) {
  if (Number.isInteger(value)) return grouped(BigInt(value));
  const near = rounded(value, digits), [mantissa, exponent] = near.toExponential().split("e").map(Number);
  if (exponent < -4 || exponent >= digits) {
    const power = `${Math.abs(exponent)}`.padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${power}`;
  }
  const [units, decimals] = `${near}`.split(".");
  return grouped(units) + (decimals ? `.${decimals}` : "");
}

// A card of fields and a button.  It answers to a click or Enter, because a sandboxed page, such as JupyterLab's HTML
// viewer, may block "submit".
function card(label, fields, name, answer, said) {
  const onkeydown = (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    answer();
  };
  const button = h("button", { type: "button", onclick: answer }, name);
  // a browser that goes back to a page would fill in what was forgotten since
  return h("form", { class: "unetx-ask-card", autocomplete: "off", onkeydown }, label, h("span", { class: "unetx-entry" }, ...fields, button), said);
}

// Calls `mount` with each place on the page that waits for this kind of form.
function start(kind, mount) {
  for (const root of document.querySelectorAll(`.unetx[data-ask="${kind}"]`)) {
    if (page.alive.has(root)) continue;
    page.alive.add(root);
    // a saved page also holds what its forms had added: remove it
    if ("alive" in root.dataset) root.querySelectorAll("style, form, .unetx-buttons, .unetx-said, summary > strong").forEach((one) => one.remove());
    root.setAttribute("data-alive", "");
    root.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab's shortcuts
    root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
    root.classList.add("mathjax_ignore", "tex2jax_ignore");
    mount(root, JSON.parse(root.dataset.questions));
  }
}
