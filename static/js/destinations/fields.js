// Fills a kind's fields from a pasted text, and shows mistakes and warnings. js/destinations/form.js loads it with the first
// focus on a field.

let reader;
let load;

// Called once: the module that reads pasted texts, and the function that loads an input's kind.
export const setUp = (parts) => ({ reader, load } = parts);

// A form has the kind's fields once, or once for each row: then a number stands before their names.
const prefix = (input) => input.name.slice(0, input.name.indexOf("config-"));
const inputNamed = (input, name) => input.form.elements.namedItem(`${prefix(input)}${name}`);
const fieldOf = (kind, input) =>
  kind.fields.find(({ name, columns }) => !columns && input.name === `${prefix(input)}config-${name}`);
const find = (pattern, text) => new RegExp(pattern, "i").exec(text);

// Filling the fields

// As many rows as are needed, added by the button that a user would press.
const makeRows = async (input, name, count) => {
  const rows = document.getElementById(`${prefix(input)}config-${name}-rows`);
  for (let number = rows.children.length; number < count; number += 1) {
    const add = rows.parentElement.querySelector(".rows__add");
    const options = { source: add, target: `#${CSS.escape(rows.id)}`, swap: "beforeend" };
    await htmx.ajax("GET", add.getAttribute("hx-get"), options);
  }
  return [...rows.children].map((row) => [...row.querySelectorAll("input")]);
};

const fill = async (input, kind, reading) => {
  const before = [];
  const filled = [];
  const put = (target, value) => {
    before.push([target, target.value]);
    target.value = value;
    delete target.dataset.wasPasted;
  };
  for (const field of kind.fields) {
    const value = reading.values[field.name];
    if (value === undefined) continue;
    if (field.columns) {
      const rows = await makeRows(input, field.name, value.length);
      rows.forEach((cells, number) => {
        for (const cell of cells) {
          const [column] = field.columns.find(([name]) => cell.name.endsWith(`-${name}`));
          put(cell, value[number]?.[column] ?? "");
        }
      });
      filled.push([field, rows[0][0]]);
    } else {
      const target = inputNamed(input, `config-${field.name}`);
      put(target, value);
      filled.push([field, target]);
    }
  }
  for (const name of kind.facts) put(inputNamed(input, `fact-${name}`), reading.facts[name] ?? "");
  const labels = filled.map(([field]) => field.label);
  for (const [name, value] of Object.entries(reading.common)) {
    const target = inputNamed(input, name);
    if (!target || target.value || name === "environment") continue;
    put(target, value);
    labels.push(target.labels[0].firstChild.data.trim());
    if (name === "project") loadEnvironments(target, reading.common.environment);
  }
  for (const [, target] of filled) mark(target, `Filled from the ${reading.source}`, "filled");
  for (const [field, target] of filled) if (!field.columns) check(kind, target);
  const undo = () => {
    for (const [target, value] of before) {
      target.value = value;
      mark(target, "", "filled");
      unmark(target);
    }
    status(input).textContent = "The fields are as they were before.";
    input.focus();
  };
  const unused = reading.unused.length ? ` Not used: ${reading.unused.join(", ")}.` : "";
  const button = buttonWith("Undo", undo);
  button.classList.add("button--quiet");
  say(input, `Filled from the ${reading.source}: ${labels.join(", ")}.${unused}`, button);
};

const loadEnvironments = (input, environment = "") => {
  const path = input.getAttribute("hx-post");
  if (!path) return;
  const values = { project: input.value, environment };
  htmx.ajax("POST", path, { source: input, target: "#environment-field", swap: "outerHTML", values });
};

const status = (input) => input.closest("[data-kind-fields]").querySelector("[data-pasted]");
const say = (input, text, ...buttons) => {
  const line = document.createElement("p");
  line.textContent = text;
  status(input).replaceChildren(line, ...buttons);
};
const buttonWith = (label, onClick) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = label;
  button.addEventListener("click", onClick);
  return button;
};

// The text is for another kind: the user may switch to that kind, whose fields it then fills.
const offerSwitch = (input, slug, text) => {
  const card = document.getElementById(`kind-${slug}`);
  const label = card?.querySelector(".kind__label").textContent ?? slug;
  const fillThere = async () => {
    const first = document.querySelector("[data-kind-fields] [name^='config-']");
    const kind = first && (await load(first));
    const reading = kind?.slug === slug && reader.read(kind, text);
    if (!reading) return;
    fill(first, kind, reading);
    first.focus();
  };
  const button = buttonWith(`Change to ${label} and fill its fields`, () => {
    document.addEventListener("htmx:afterSettle", fillThere, { once: true });
    card.click();
  });
  say(input, `This is for ${label}, so nothing was filled.`, ...(card ? [button] : []));
};

// What to do with a pasted text, or undefined when it is only the field's own value.
export const reactionTo = (text, input, kind) => {
  const reading = reader.read(kind, text);
  const own = fieldOf(kind, input)?.name;
  const isMore = ([name, value]) => name !== own || value !== text.trim();
  if (reading && Object.entries(reading.values).some(isMore)) return () => fill(input, kind, reading);
  const slug = reading?.kind || reader.otherKind(kind, text);
  return slug && (() => offerSwitch(input, slug, text));
};

// Mistakes and warnings: shown on leaving a field, once the form was sent or when the value was pasted. The server has the
// last word.

const AROUND = /^[\s\u200b-\u200d\u2060\ufeff"'“”‘’`]+|[\s\u200b-\u200d\u2060\ufeff"'“”‘’`]+$/g;

const valuesOf = (kind, input) => {
  const fields = kind.fields.filter((field) => !field.columns);
  const values = fields.map(({ name, secret }) => {
    const value = inputNamed(input, `config-${name}`)?.value ?? "";
    return [name, secret ? value : value.replace(AROUND, "")];
  });
  const facts = kind.facts.map((name) => [name, inputNamed(input, `fact-${name}`)?.value ?? ""]);
  return Object.fromEntries([...values, ...facts]);
};

const mistakeIn = (field, value) => {
  for (const [pattern, message, mistakes, anyCase] of field.rules) {
    if (new RegExp(`^(?:${pattern})$`, anyCase ? "i" : "").test(value)) continue;
    return mistakes.find(([mistake]) => find(mistake, value))?.[1] ?? message;
  }
  return "";
};

const applies = ({ first, second, same }, values) => {
  const [one, other] = [first, second].map(([name, pattern]) => values[name] && find(pattern, values[name]));
  return one && other && ((one[1] ?? "") === (other[1] ?? "")) === same;
};

const warningAbout = (kind, field, values) => {
  const value = values[field.name];
  const unusual = ([, when, unless]) => (when ? find(when, value) : !find(unless, value));
  const crossed = (warning) => warning.first[0] === field.name && applies(warning, values);
  return field.warnings.find(unusual)?.[0] ?? kind.cross_field_warnings.find(crossed)?.message ?? "";
};

export const check = (kind, input) => {
  const field = fieldOf(kind, input);
  if (!field) return;
  unmark(input);
  const values = valuesOf(kind, input);
  if (!values[field.name]) return;
  const mistake = mistakeIn(field, values[field.name]);
  if (mistake) input.setAttribute("aria-invalid", "true");
  mark(input, mistake, "error");
  if (!mistake) mark(input, warningAbout(kind, field, values), "warning");
};

// One line of each type at a field, as the server would show it; an empty text takes it away.
const mark = (input, text, type) => {
  const field = input.closest(".field");
  if (!field) return; // hidden
  const id = `${input.id}_${type}`;
  document.getElementById(id)?.remove();
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  if (text) {
    const line = document.getElementById(`field-${type}`).content.firstElementChild.cloneNode(true);
    line.id = id;
    line.querySelector("[data-words]").textContent = text;
    (field.querySelector(".field__hint") ?? field.firstElementChild).after(line);
    described.push(id);
  }
  if (type === "error") field.classList.toggle("field--error", Boolean(text));
  if (described.length) input.setAttribute("aria-describedby", described.join(" "));
  else input.removeAttribute("aria-describedby");
};

const unmark = (input) => {
  input.removeAttribute("aria-invalid");
  for (const type of ["error", "warning"]) mark(input, "", type);
};

document.addEventListener("input", ({ target }) => {
  if (target.id && document.getElementById(`${target.id}_filled`)) mark(target, "", "filled");
});

// What was typed for a kind is kept in this page while another kind is shown.

const kept = new Map();
const fieldset = () => document.getElementById("kind-fields");
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "kind-fields" || !detail.shouldSwap) return;
  const inputs = [...fieldset().querySelectorAll("input, select, textarea")].filter((input) => input.value);
  kept.set(fieldset().dataset.kindFields, inputs.map((input) => [input.name, input.value]));
});
document.addEventListener("htmx:afterSettle", async ({ detail }) => {
  if (detail.elt.id !== "kind-fields" || !kept.has(fieldset().dataset.kindFields)) return;
  const values = kept.get(fieldset().dataset.kindFields);
  kept.delete(fieldset().dataset.kindFields);
  const first = fieldset().querySelector("[name^='config-']");
  for (const { id } of fieldset().querySelectorAll(".rows")) {
    const name = id.replace(/^config-|-rows$/g, "");
    const numbers = values.map(([each]) => new RegExp(`^config-${name}-(\\d+)-`).exec(each)?.[1]).filter(Boolean);
    if (numbers.length) await makeRows(first, name, Math.max(...numbers) + 1);
  }
  for (const [name, value] of values) {
    const input = first.form.elements.namedItem(name);
    if (input && !input.value) input.value = value;
  }
});
