// A stand-in for browser tabs, as far as the forms' scripts need them; what is on its way waits until the test delivers it.

class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], listeners: {}, dataset: {}, textContent: "", value: "", classList: { add() {} } });
  }
  setAttribute(name, value) { if (name === "role") this.isStatus = value === "status"; }
  addEventListener(name, hear) { this.listeners[name] = hear; }
  append(...children) { this.children.push(...children); }
  prepend(...children) { this.children.unshift(...children); }
  replaceChildren(...children) { this.children = children; }
  contains(element) { return element === this; }
  find(wanted) {
    if (wanted(this)) return this;
    for (const child of this.children) {
      const found = child instanceof Element && child.find(wanted);
      if (found) return found;
    }
    return null;
  }
  querySelector(tag) { return this.find((one) => one.tag === tag); }
  querySelectorAll() { return this.rows; }
}

let store = new Map(), clock = 0, tabs = [];

function reset() {
  [store, clock, tabs] = [new Map(), 1e6, []];
}

function openTab(isPrivate) {
  const tab = { isPrivate, isAlive: true, offset: 0, events: [], timers: [], out: [], models: new Map(), elements: [], hear() {} };
  const isDenied = () => { if (isPrivate) throw new Error("denied"); };
  const write = (key, newValue) => {
    isDenied();
    const oldValue = store.get(key) ?? null;
    if (newValue === oldValue) return;
    if (newValue === null) store.delete(key);
    else store.set(key, newValue);
    for (const other of tabs) {
      if (other !== tab && other.isAlive && !other.isPrivate) other.events.push({ key, oldValue, newValue });
    }
  };
  const global = { isSecureContext: true, addEventListener: (name, hear) => { tab.hear = hear; } };
  const documentOfTab = { createElement: (tag) => new Element(tag), querySelectorAll: () => [tab.elements.at(-1).root], activeElement: null };
  const storage = {
    get length() { isDenied(); return store.size; },
    key: (i) => [...store.keys()][i],
    getItem(key) { isDenied(); return store.get(key) ?? null; },
    setItem: write,
    removeItem(key) { write(key, null); },
  };
  const wait = (call) => { const timer = { call }; tab.timers.push(timer); return timer; };
  const stop = (timer) => { tab.timers = tab.timers.filter((one) => one !== timer); };
  Object.assign(tab, { global, document: documentOfTab });
  tab.run = (script) => script(global, documentOfTab, storage, wait, stop, { now: () => clock + tab.offset });
  return tabs.push(tab) - 1;
}

function addForm(place, question, key) {
  const tab = tabs[place], root = new Element("div");
  root.dataset = { questions: JSON.stringify([question]), key };
  tab.elements.push({ root, names: [question.name] });
  tab.run(prediction).startForm();
}

function addLedger(place, questions) {
  const tab = tabs[place], root = new Element("div");
  root.dataset = { questions: JSON.stringify(questions) };
  root.append(new Element("details"));
  root.rows = questions.map(() => ({ children: Array.from({ length: 4 }, () => new Element("td")) }));
  tab.elements.push({ root, names: questions.map(({ name }) => name) });
  tab.run(ledgerScript).startForm();
}

// As ipywidgets does it: of what is set while the kernel has not answered, only the last is sent.
// A model that was restored from a saved notebook sends nothing.
function link(place, key, told, kernel, isLive) {
  const tab = tabs[place], hears = [], state = { _key: key, told };
  const model = {
    widget_manager: { kernel: { status: "idle", isDisposed: false } }, isWaiting: false, next: null,
    get: (name) => state[name],
    set(name, value) { model.next = state[name] = value; },
    on: (name, hear) => hears.push(hear),
    save_changes() {
      if (!isLive || model.isWaiting || !model.next) return;
      tab.out.push({ key, kernel, value: model.next });
      [model.isWaiting, model.next] = [true, null];
    },
    idle() { model.isWaiting = false; model.save_changes(); },
    tell(answer) { state.told = answer; hears.forEach((hear) => hear()); },
  };
  tab.models.set(key, model);
  tab.run(prediction).announce(model);
}

// A notebook is closed: its models stay, without a kernel.
const leave = (place, key) => {
  const model = tabs[place].models.get(key);
  if (model) model.widget_manager.kernel = null;
};

function note(place, element, typed) {
  const tab = tabs[place], { root, names: [name] } = tab.elements[element];
  root.querySelector("input").value = typed;
  tab.document.activeElement = root;
  root.querySelector("button").listeners.click();
  return tab.global.unetxForms.guesses.get(name);
}

function deliver(place, [what, key, told]) {
  const model = tabs[place].models.get(key);
  if (what === "told") model.tell(told);
  else if (what === "idle") model.idle();
  else if (model.widget_manager.kernel) model.widget_manager.kernel.status = "dead";
}

function forget(place) {
  for (const { root } of tabs[place].elements) {
    const button = root.find((one) => one.tag === "button" && one.children.includes("Forget my guesses"));
    if (button) return button.listeners.click();
  }
}

const storageEvent = (place) => {
  const event = tabs[place].events.shift();
  if (event) tabs[place].hear(event);
  return event?.newValue === null;
};

const timer = (place) => {
  clock += 3000;
  tabs[place].timers.shift()?.call();
};

const texts = ({ root, names }) => {
  const said = root.rows ? root.rows.map(({ children }) => children[1].textContent) : [root.find((one) => one.isStatus).textContent];
  return names.map((name, i) => [name, said[i]]);
};

function seen() {
  const all = tabs.map((tab) => ({
    isAlive: tab.isAlive, events: tab.events.length, timers: tab.timers.length, out: tab.out.splice(0),
    guesses: Object.fromEntries(tab.global.unetxForms?.guesses ?? []), shown: tab.elements.map(texts),
  }));
  const kept = [...store].map(([key, value]) => [key.replace("unet_complexity.guesses.", ""), JSON.parse(value)]);
  return { store: Object.fromEntries(kept.filter(([, value]) => value[0] !== null)), keys: kept.length, tabs: all };
}

function close(place) {
  Object.assign(tabs[place], { isAlive: false, events: [], timers: [], elements: [] });
}
