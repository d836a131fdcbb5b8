// Finds a kind's inputs, shows mistakes and warnings at them, and keeps what was typed while another kind is shown.
// js/destinations/form.js loads it with the first focus on a field.

// The fields of the kind that an input belongs to: those of its row, or the form's only ones.
export const kindFields = (input) =>
  input.closest("[data-kind-fields]") ?? (input.form ?? input).querySelector("[data-kind-fields]");
// A form has the kind's fields once, or once for each row: then a number stands before their names.
const prefix = (input) => {
  const { row } = kindFields(input).dataset;
  return row ? `${row}-` : "";
};
export const inputNamed = (input, name) => input.form.elements.namedItem(`${prefix(input)}${name}`);
export const fieldOf = (kind, input) =>
  kind.fields.find(({ name, columns }) => !columns && input.name === `${prefix(input)}config-${name}`);

// As many rows as are needed, added by the button that a user would press; the inputs of each.
export const makeRows = async (input, name, count) => {
  const rows = document.getElementById(`${prefix(input)}config-${name}-rows`);
  for (let number = rows.children.length; number < count; number += 1) {
    const add = rows.parentElement.querySelector(".rows__add");
    const options = { source: add, target: `#${CSS.escape(rows.id)}`, swap: "beforeend" };
    await htmx.ajax("GET", add.getAttribute("hx-get"), options);
  }
  return [...rows.children].map((row) => [...row.querySelectorAll("input")]);
};

const find = (pattern, text) => new RegExp(pattern, "i").exec(text);

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

// A message in the look that the server gives it.
export const messageLine = (type, text) => {
  const line = document.getElementById(`field-${type}`).content.firstElementChild.cloneNode(true);
  line.querySelector("[data-words]").textContent = text;
  return line;
};

// One line of each type at a field; an empty text takes it away.
export const mark = (input, text, type) => {
  const field = input.closest(".field");
  if (!field) return; // hidden
  const id = `${input.id}_${type}`;
  document.getElementById(id)?.remove();
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
  if (text) {
    const line = messageLine(type, text);
    line.id = id;
    (field.querySelector(".field__hint") ?? field.firstElementChild).after(line);
    described.push(id);
  }
  if (type === "error") field.classList.toggle("field--error", Boolean(text));
  if (described.length) input.setAttribute("aria-describedby", described.join(" "));
  else input.removeAttribute("aria-describedby");
};

export const unmark = (input) => {
  input.removeAttribute("aria-invalid");
  for (const type of ["error", "warning"]) mark(input, "", type);
};

// Whether a field that every kind has is filled, and not too long. The key of a critical environment is typed again.
const isFilled = (input) => {
  if (input.type === "radio") return true;
  const value = input.value.trim();
  if (input.name.endsWith("critical_key")) return value === inputNamed(input, "environment").value.trim();
  const isOptional = input.labels[0]?.querySelector(".field__optional");
  return (value || isOptional) && value.length <= (input.dataset.longest ?? Infinity);
};

// Take away the server's error at a field that every kind has, once it is fixed.
export const recheck = (input) => {
  const field = input.closest(".field--error");
  const error = field?.querySelector(".field__error");
  if (!error || !isFilled(input)) return;
  error.remove();
  field.classList.remove("field--error");
  for (const part of field.querySelectorAll("[aria-invalid]")) part.removeAttribute("aria-invalid");
  for (const part of field.querySelectorAll("[aria-describedby]")) {
    part.setAttribute("aria-describedby", part.getAttribute("aria-describedby").replace(error.id, "").trim());
  }
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
const restore = async (values) => {
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
};
let restoring = Promise.resolve(true);
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt.id !== "kind-fields" || !kept.has(fieldset().dataset.kindFields)) return;
  restoring = restore(kept.get(fieldset().dataset.kindFields));
  kept.delete(fieldset().dataset.kindFields);
});

// Resolves when the values of the kind that is shown are back in its fields.
export const restored = () => restoring;
