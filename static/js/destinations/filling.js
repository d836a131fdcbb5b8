// Fills a form from a pasted text: changes the type where the text is for another one, says what was used and what was
// not, and undoes all of it. js/destinations/form.js loads it.

let reader;
let fields;
let load;

// Called once: the modules that read texts and mark fields, and the function that loads an input's kind.
export const setUp = (parts) => ({ reader, fields, load } = parts);

const UNREAD = "Nothing was filled, because this text isn’t recognized. Fill in the fields below instead.";
const TOO_LONG = "Nothing was filled, because this text is too long. Paste only the part about the destination.";

// What is pasted into a field: a function that uses the text, or undefined when it is only the field's own value.
export const reactionTo = (text, input, kind) => {
  const reading = reader.read(kind, text);
  const own = fields.fieldOf(kind, input)?.name;
  const isMore = ([name, value]) => name !== own || value !== text.trim();
  if (reading?.instead || Object.entries(reading?.values ?? {}).some(isMore)) return () => use(input, kind, text);
  const slug = reading?.kind ?? reader.otherKind(kind, text);
  return slug && (() => use(input, kind, text));
};

// Use a text that was pasted into a field or into the box.
export const use = async (input, kind, text) => {
  const { form } = input;
  if (form.classList.contains("htmx-request")) return;
  if (text.length > reader.LONGEST) return say(input, "warning", TOO_LONG);
  const reading = reader.read(kind, text);
  const slug = reading?.kind ?? (reading ? kind.slug : reader.otherKind(kind, text));
  const isChoosing = form.id === "choose";
  if (slug === kind.slug && !isChoosing) return report(input, await fill(input, kind, reading));
  if (!slug) return say(input, "warning", UNREAD);
  const card = document.getElementById(`kind-${slug}`);
  const label = kind.others.find((other) => other.slug === slug)?.label;
  if (!card) {
    return say(input, "warning", `Nothing was filled, because this is for ${label ?? "a type that can’t be created here"}.`);
  }
  say(input, "filled", "Filling in…");
  const back = isChoosing ? undefined : document.getElementById(`kind-${kind.slug}`);
  if (!(await (isChoosing ? opened(card) : shown(card)))) return say(placeOf(form, input), "warning", "Nothing was filled, because the connection was lost. Try again.");
  const place = isChoosing ? document.querySelector("#form [data-paste-box] textarea") : placeOf(form, input);
  const other = await load(place);
  const there = other && reader.read(other, text);
  const filled = there && !there.kind ? await fill(place, other, there) : { undo() {}, text: UNREAD, tone: "warning" };
  report(place, { ...filled, text: `The type is now ${label}. ${filled.text}` }, back);
  if (place !== input) place.focus();
};

// Open the form of a kind in place of the page that only chooses one; false when it does not come. Leaving the page would
// lose the text, which is kept nowhere.
const opened = async (card) => {
  // As when htmx goes back to a page: the response is all of it.
  const headers = { "HX-History-Restore-Request": "true" };
  await htmx.ajax("GET", card.href, { target: "#main", swap: "outerHTML", select: "#main", headers });
  const isThere = Boolean(document.getElementById("form"));
  if (isThere) history.replaceState(null, "", card.href);
  return isThere;
};

// Choose a kind and wait until its fields are there; false when they do not come.
const shown = (card) =>
  new Promise((resolve) => {
    const listeners = new AbortController();
    const finish = (done) => {
      listeners.abort();
      resolve(done && fields.restored().then(() => true));
    };
    const on = (name, listener) => document.addEventListener(name, listener, { signal: listeners.signal });
    on("htmx:afterRequest", ({ detail }) => detail.elt === card && !detail.successful && finish(false));
    on("htmx:afterSettle", ({ detail }) => {
      if (detail.elt.id === "kind-fields") finish(card.id === `kind-${detail.elt.dataset.kindFields}`);
    });
    card.click();
  });

// The input itself, or the first of the fields that took its place.
const placeOf = (form, input) => (input.isConnected ? input : fields.kindFields(form).querySelector("[name^='config-']"));

const write = (target, value) => {
  const radios = target instanceof RadioNodeList ? [...target] : [];
  for (const radio of radios) radio.checked = radio.value === value;
  if (!radios.length) target.value = value;
  (radios[0] ?? target).dispatchEvent(new Event("input", { bubbles: true }));
};

// Put a reading's values into the fields; return what to say about it, and how to undo it.
const fill = async (input, kind, reading) => {
  const named = (name) => fields.inputNamed(input, name);
  const before = [];
  const put = (target, value) => {
    before.push([target, target.value]);
    write(target, value);
  };
  const labels = [];
  const filled = [];
  for (const field of kind.fields) {
    const value = reading.values[field.name];
    if (value === undefined) continue;
    labels.push(field.label);
    if (field.columns) {
      const rows = await fields.makeRows(input, field.name, value.length);
      for (const [number, cells] of rows.entries()) {
        for (const cell of cells) {
          const [column] = field.columns.find(([name]) => cell.name.endsWith(`-${name}`));
          put(cell, value[number]?.[column] ?? "");
        }
      }
      filled.push(rows[0][0]);
    } else {
      put(named(`config-${field.name}`), value);
      filled.push(named(`config-${field.name}`));
    }
  }
  for (const name of kind.facts) put(named(`fact-${name}`), reading.facts[name] ?? "");
  const common = await fillCommon(reading.common, named, put);
  for (const target of filled) {
    fields.mark(target, `Filled from the ${reading.source}`, "filled");
    fields.check(kind, target);
  }
  const undo = () => {
    for (const [target, value] of before) write(target, value);
    for (const target of filled) {
      fields.mark(target, "", "filled");
      fields.unmark(target);
    }
    common.undo();
  };
  const parts = [
    [`Filled from the ${reading.source}: `, [...labels, ...common.used]],
    ["Not used: ", [...reading.unused, ...common.unused]],
  ];
  const sentences = parts.filter(([, names]) => names.length).map(([words, names]) => `${words}${names.join(", ")}.`);
  if (common.on) sentences.splice(1, 0, common.on);
  if (!sentences.length) sentences.push(UNREAD);
  const tone = reading.instead || !labels.length ? "warning" : "filled";
  return { undo, tone, text: [...sentences, reading.instead ?? ""].join(" ").trim() };
};

// The fields that every kind has. What a user has typed or chosen stays; what is not used is said.
const fillCommon = async ({ name, on, project, environment }, named, put) => {
  const report = { used: [], unused: [], on: "", undo() {} };
  const label = (target) => target.labels?.[0]?.firstChild.data.trim() || target.name.replace(/^\d+-/, "");
  const target = named("name");
  if (name && target) {
    const isFree = !target.value || target.value === target.defaultValue || target.value === target.dataset.suggested;
    if (isFree) put(target, name);
    if (isFree || target.value !== name) report[isFree ? "used" : "unused"].push(label(target));
  }
  if (on) {
    put(named("on"), on);
    report.on = `Set to ${on === "true" ? "On" : "Off"}.`;
  }
  const [first, second] = [named("project"), named("environment")];
  const before = [first.value, second.value];
  if (project && !first.value) {
    put(first, project);
    report.used.push(label(first));
  } else if (project && project !== first.value) report.unused.push(label(first));
  if (!environment || (first.value === project && second.value === environment)) return report;
  if (first.value === project && !second.value) {
    second.value = environment; // of a list, only what is in it
    await loadEnvironments(first, second.value);
    report.undo = () => {
      named("environment").value = before[1];
      return loadEnvironments(first, before[1]);
    };
  }
  const chosen = first.value === project && named("environment").value === environment;
  report[chosen ? "used" : "unused"].push(label(named("environment")));
  return report;
};

const loadEnvironments = async (input, environment) => {
  const path = input.getAttribute("hx-post");
  const values = { project: input.value, environment };
  if (path) await htmx.ajax("POST", path, { source: input, target: "#environment-field", swap: "outerHTML", values });
};

const status = (input) => input.closest("[data-paste-box], [data-kind-fields]").querySelector("[data-pasted]");

const say = (input, tone, text, ...buttons) => {
  for (const other of input.form.querySelectorAll("[data-pasted]")) other.replaceChildren();
  const line = fields.messageLine(tone, text);
  status(input).replaceChildren(line, ...buttons);
};

// Say what was filled, with a button that undoes it and goes back to the kind that was chosen before.
const report = (input, { text, tone, undo }, back) => {
  const { form } = input;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet";
  button.textContent = "Undo";
  button.addEventListener("click", async () => {
    undo();
    if (back) await shown(back);
    const place = placeOf(form, input);
    status(place).textContent = "Undone.";
    place.focus();
  });
  say(input, tone, text, button);
};
