// What a kind's fields do in the browser: a pasted text fills them, a mistake is told as soon as that helps, and what was
// typed for one kind is still there after a look at another. The form works without.
"use strict";

(() => {
  // What kinds/browser.py says of the kind that is shown.
  const spec = () => JSON.parse(document.getElementById("kind-spec").textContent);
  const found = (pattern, text) => new RegExp(pattern, "i").exec(text);

  // Reading a pasted text with the patterns of the kind.

  const LONGEST = 8_000;
  const JSON_NAME = "JSON of LaunchDarkly’s API";
  const TERRAFORM = "Terraform block";
  const COMMON = { name: "name", project_key: "project", env_key: "environment" };
  const ADDRESS = /\/api\/v2\/destinations\/([A-Za-z0-9][A-Za-z0-9._-]*)\/([A-Za-z0-9][A-Za-z0-9._-]*)/;
  const OBFUSCATED = /\*{3}|•/;
  const ASSIGNMENT = /"?([A-Za-z_]\w{0,60})"?\s{0,40}[=:]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"{}[\]]+))/g;
  const GIVEN = /(?:^|[;\s,{])["']?([A-Za-z_][\w.-]{0,60})["']?\s{0,40}(?:=|:(?![/\d]))/gi;
  const QUOTED = /"(?:[^"\\]|\\.)*"/y;

  const read = (kind, text) => {
    if (text.length > LONGEST) return null;
    const known = readTerraform(kind, text) ?? readJson(kind, text);
    if (known) return known;
    for (const paste of kind.pastes) {
      const taken = found(paste.sign, text) && readParts(kind, paste, text);
      if (taken) return taken;
    }
    return null;
  };

  const reading = (source, values = {}, more = {}) => ({ source, values, common: {}, facts: {}, unused: [], ...more });

  const readParts = (kind, paste, text) => {
    const groups = {};
    let rest = text;
    for (const part of paste.parts) {
      const match = found(part, rest);
      if (!match) continue;
      for (const [name, value] of Object.entries(match.groups ?? {})) if (value) groups[name] ??= value;
      rest = `${rest.slice(0, match.index)} ${rest.slice(match.index + match[0].length)}`;
    }
    for (const [name, made] of paste.made) {
      const wanted = [...made.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      if (!(name in groups) && wanted.every((group) => group in groups)) {
        groups[name] = made.replace(/\{(\w+)\}/g, (_, group) => groups[group]);
      }
    }
    const pick = (names) => Object.fromEntries(names.filter((name) => name in groups).map((name) => [name, groups[name]]));
    const values = pick(kind.fields.map((field) => field.name));
    const unused = [...new Set([...rest.matchAll(GIVEN)].map((match) => match[1]))];
    return Object.keys(values).length ? reading(paste.name, values, { facts: pick(kind.facts), unused }) : null;
  };

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

  const readJson = (kind, text) => {
    const item = jsonObject(text);
    if (!item) return null;
    let config = "config" in item ? item.config : item;
    if (typeof config === "string") config = jsonObject(config);
    if (!isObject(config)) return null;
    const names = Object.fromEntries(kind.fields.map((field) => [field.api, field]));
    if (!("config" in item || Object.keys(config).some((api) => api in names))) return null;
    if (typeof item.kind === "string" && item.kind && item.kind !== kind.slug) {
      return reading(JSON_NAME, {}, { kind: item.kind });
    }
    const values = {};
    for (const field of kind.fields) {
      const value = pastedValue(field, config[field.api]);
      if (value.length) values[field.name] = value;
    }
    const common = config !== item && typeof item.name === "string" ? { name: item.name } : {};
    const unused = Object.keys(config).filter((api) => !(names[api] && names[api].name in values));
    return reading(JSON_NAME, values, { common: { ...common, ...place(text) }, unused });
  };

  const jsonObject = (text) => {
    const begin = text.indexOf("{");
    const end = text.lastIndexOf("}");
    if (begin < 0 || end < begin) return null;
    const inner = text.slice(begin, end + 1);
    for (const attempt of [inner, inner.replaceAll("'\\''", "'"), inner.replaceAll('\\"', '"')]) {
      try {
        const object = JSON.parse(attempt);
        if (isObject(object)) return object;
      } catch {
        // Another way to quote it, then.
      }
    }
    return null;
  };

  const pastedValue = (field, value) => {
    if (field.columns) {
      const rows = Array.isArray(value) ? value.filter(isObject) : [];
      return rows.map((row) =>
        Object.fromEntries(field.columns.filter(([, api]) => typeof row[api] === "string").map(([name, api]) => [name, row[api]])),
      );
    }
    return typeof value !== "string" || (field.secret && OBFUSCATED.test(value)) ? "" : value;
  };

  const readTerraform = (kind, whole) => {
    if (!whole.includes("launchdarkly_destination")) return null;
    const text = whole.replace(/^[^\S\n]*(?:#|\/\/).*$/gm, "");
    const begin = /\bconfig\s{0,40}=?\s{0,40}\{/.exec(text);
    if (!begin) return null;
    const opened = begin.index + begin[0].length;
    const end = closing(text, opened - 1);
    let config = text.slice(opened, end);
    const outer = {};
    for (const [name, value, literal] of assignments(`${text.slice(0, begin.index)} ${text.slice(end + 1)}`)) {
      if (literal) outer[name] = value;
    }
    const other = outer.kind ?? kind.slug;
    if (other !== kind.slug) return reading(TERRAFORM, {}, { kind: other });
    const values = {};
    for (const field of kind.fields.filter((each) => each.columns)) {
      const rows = new RegExp(`\\b${field.name}\\s{0,40}=\\s*`).exec(config);
      if (!rows) continue;
      const start = rows.index + rows[0].length;
      const stop = rowEnd(config, start);
      const listed = terraformRows(field, config.slice(start, stop));
      config = `${config.slice(0, rows.index)} ${config.slice(stop)}`;
      if (listed.length) values[field.name] = listed;
    }
    const names = kind.fields.filter((field) => !field.columns).map((field) => field.name);
    const unused = [];
    for (const [name, value, literal] of assignments(config)) {
      if (names.includes(name) && literal) values[name] ??= value;
      else unused.push(name);
    }
    const common = {};
    for (const [name, form] of Object.entries(COMMON)) if (name in outer) common[form] = outer[name];
    return reading(TERRAFORM, values, { common, unused });
  };

  const assignments = (text) =>
    [...text.matchAll(ASSIGNMENT)].map(([, name, quoted, other]) =>
      quoted === undefined
        ? [name, other, other === "true" || other === "false"]
        : [name, unescaped(quoted), !/(?<!\$)\$\{|(?<!%)%\{/.test(quoted)],
    );

  const unescaped = (text) => {
    const plain = { n: "\n", r: "\r", t: "\t" };
    return text.replace(/\\(.)/g, (_, character) => plain[character] ?? character).replaceAll("$${", "${").replaceAll("%%{", "%{");
  };

  const closing = (text, opening) => {
    const brackets = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
    brackets.lastIndex = opening;
    let depth = 0;
    for (let match = brackets.exec(text); match; match = brackets.exec(text)) {
      depth += { "{": 1, "[": 1, "}": -1, "]": -1 }[match[0]] ?? 0;
      if (depth === 0) return match.index;
    }
    return text.length;
  };

  const rowEnd = (text, begin) => {
    QUOTED.lastIndex = begin;
    if (QUOTED.test(text)) return QUOTED.lastIndex;
    const listed = text.indexOf("[", begin);
    return listed < 0 ? begin : closing(text, listed) + 1;
  };

  const terraformRows = (field, given) => {
    const text = given.startsWith('"') ? unescaped(given.slice(1, -1)) : given;
    const rows = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, inner]) => {
      const named = Object.fromEntries(assignments(inner).filter((each) => each[2]));
      return Object.fromEntries(field.columns.filter(([, api]) => api in named).map(([name, api]) => [name, named[api]]));
    });
    return rows.filter((row) => Object.keys(row).length);
  };

  const place = (text) => {
    const match = ADDRESS.exec(text);
    return match ? { project: match[1], environment: match[2] } : {};
  };

  // Filling the fields. A form has the kind's fields once, or once for each of its rows: then a number stands before
  // the names.

  const before = (input) => input.name.slice(0, input.name.indexOf("config-"));
  const named = (input, name) => input.form.elements.namedItem(`${before(input)}${name}`);
  const isConfig = (input) => input instanceof HTMLElement && /^(?:\d+-)?config-/.test(input.name ?? "");
  const status = (input) => input.closest("[data-kind-fields]").querySelector("[data-pasted]");
  const fieldOf = (kind, input) =>
    kind.fields.find(({ name, columns }) => input.name === `${before(input)}config-${name}` && !columns);

  // The rows of a field that has columns: as many as are needed, made by the button that a person would press.
  const makeRows = async (input, name, count) => {
    const rows = document.getElementById(`${before(input)}config-${name}-rows`);
    for (let tries = rows.children.length; tries < count; tries += 1) {
      const add = rows.parentElement.querySelector(".rows__add");
      await htmx.ajax("GET", add.getAttribute("hx-get"), { source: add, target: `#${CSS.escape(rows.id)}`, swap: "beforeend" });
    }
    return [...rows.children].map((row) => [...row.querySelectorAll("input")]);
  };

  const put = (input, value) => {
    const was = [input, input.value];
    input.value = value;
    delete input.dataset.wasPasted;
    return was;
  };

  const fill = async (input, kind, taken) => {
    const was = [];
    const filled = [];
    for (const field of kind.fields) {
      const value = taken.values[field.name];
      if (value === undefined) continue;
      if (field.columns) {
        const rows = await makeRows(input, field.name, value.length);
        rows.forEach((cells, number) => {
          for (const cell of cells) {
            const column = field.columns.find(([name]) => cell.name.endsWith(`-${name}`));
            was.push(put(cell, value[number]?.[column[0]] ?? ""));
          }
        });
        filled.push([field, rows[0][0]]);
      } else {
        const target = named(input, `config-${field.name}`);
        was.push(put(target, value));
        filled.push([field, target]);
      }
    }
    for (const name of kind.facts) {
      const fact = named(input, `fact-${name}`);
      was.push(put(fact, taken.facts[name] ?? ""));
    }
    const names = filled.map(([field]) => field.label);
    for (const [name, value] of Object.entries(taken.common)) {
      const target = named(input, name);
      if (!target || target.value || name === "environment") continue;
      was.push(put(target, value));
      names.push(target.labels[0].firstChild.data.trim());
      if (name === "project") followPlace(target, taken.common.environment);
    }
    for (const [field, target] of filled) mark(target, `Filled from the ${taken.source}`, "filled");
    for (const [field, target] of filled) if (!field.columns) inspect(kind, target);
    tell(input, `Filled from the ${taken.source}: ${names.join(", ")}.`, taken.unused, () => {
      for (const [target, value] of was) {
        target.value = value;
        mark(target, "", "filled");
        clear(target);
      }
    });
  };

  // The environments of the project, with the one that the text names.
  const followPlace = (input, environment = "") => {
    const path = input.getAttribute("hx-get");
    if (!path) return;
    const values = { project: input.value, environment };
    htmx.ajax("GET", path, { source: input, target: "#environment-field", swap: "outerHTML", values });
  };

  const tell = (input, words, unused = [], undo) => {
    const region = status(input);
    const line = document.createElement("p");
    line.textContent = words + (unused.length ? ` Not used: ${unused.join(", ")}.` : "");
    region.replaceChildren(line);
    if (!undo) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet";
    button.textContent = "Undo";
    button.addEventListener("click", () => {
      undo();
      region.textContent = "The fields are as they were before.";
      input.focus();
    });
    region.append(button);
  };

  // A text that is another kind's: the person chooses that kind, and the text is pasted there.
  const offer = (input, slug, text) => {
    const card = document.getElementById(`kind-${slug}`);
    const label = card?.querySelector(".kind__label").textContent ?? slug;
    tell(input, `This is for ${label}, so nothing was filled.`);
    if (!card) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = `Change to ${label} and fill its fields`;
    button.addEventListener("click", () => {
      document.addEventListener("htmx:afterSettle", () => {
        const kind = spec();
        const taken = kind.slug === slug && read(kind, text);
        const first = document.querySelector("[data-kind-fields] [name^='config-']");
        if (!taken || !first) return;
        fill(first, kind, taken);
        first.focus();
      }, { once: true });
      card.click();
    });
    status(input).append(button);
  };

  document.addEventListener("paste", (event) => {
    const input = event.target;
    if (!isConfig(input)) return;
    const text = event.clipboardData.getData("text/plain");
    const kind = spec();
    const taken = read(kind, text);
    const own = fieldOf(kind, input)?.name;
    const more = taken && Object.entries(taken.values).some(([name, value]) => name !== own || value !== text.trim());
    if (more) {
      event.preventDefault();
      fill(input, kind, taken);
      return;
    }
    const other = taken?.kind || kind.others.find(([, signs]) => signs.some((sign) => found(sign, text)))?.[0];
    if (other) {
      event.preventDefault();
      offer(input, other, text);
      return;
    }
    input.dataset.wasPasted = "yes";
  });

  // What is wrong with a value, and what is unusual: told on leaving a field, once the form was sent or where the value was
  // pasted. The server says the same in the end.

  const WRAPPED = /^[\s\u200b-\u200d\u2060\ufeff"'“”‘’`]+|[\s\u200b-\u200d\u2060\ufeff"'“”‘’`]+$/g;

  const texts = (kind, input) => {
    const all = kind.fields.filter((field) => !field.columns).map(({ name, secret }) => {
      const value = named(input, `config-${name}`)?.value ?? "";
      return [name, secret ? value : value.replace(WRAPPED, "")];
    });
    return Object.fromEntries([...all, ...kind.facts.map((name) => [name, named(input, `fact-${name}`)?.value ?? ""])]);
  };

  const differs = (compared, values) => {
    const parts = [compared.first, compared.second].map(([name, pattern]) => values[name] && found(pattern, values[name]));
    if (!parts[0] || !parts[1]) return false;
    return ((parts[0][1] ?? "") === (parts[1][1] ?? "")) === compared.same;
  };

  const inspect = (kind, input) => {
    const field = fieldOf(kind, input);
    if (!field) return;
    const values = texts(kind, input);
    const value = values[field.name];
    clear(input);
    if (!value) return;
    for (const [pattern, message, mistakes] of field.rules) {
      if (new RegExp(`^(?:${pattern})$`).test(value)) continue;
      const known = mistakes.find(([mistake]) => found(mistake, value));
      mark(input, known ? known[1] : message, "error");
      input.setAttribute("aria-invalid", "true");
      return;
    }
    const unusual = field.cautions.find(([, when, unless]) => (when ? found(when, value) : !found(unless, value)));
    const compared = kind.comparisons.find(({ first, ...rest }) => first[0] === field.name && differs({ first, ...rest }, values));
    const message = unusual?.[0] ?? compared?.message;
    if (message) mark(input, message, "caution");
  };

  // One line of each sort at a field, in the words and the look that the server gives it.
  const mark = (input, words, sort) => {
    const field = input.closest(".field");
    if (!field) return; // a hidden one
    const id = `${input.id}_${sort}`;
    document.getElementById(id)?.remove();
    const told = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id);
    if (words) {
      const line = document.getElementById(`field-${sort}`).content.firstElementChild.cloneNode(true);
      line.id = id;
      line.querySelector("[data-words]").textContent = words;
      (field.querySelector(".field__hint") ?? field.firstElementChild).after(line);
      told.push(id);
    }
    if (sort === "error") field.classList.toggle("field--error", Boolean(words));
    if (told.length) input.setAttribute("aria-describedby", told.join(" "));
    else input.removeAttribute("aria-describedby");
  };

  const clear = (input) => {
    input.removeAttribute("aria-invalid");
    for (const sort of ["error", "caution"]) mark(input, "", sort);
  };

  document.addEventListener("focusout", ({ target }) => {
    if (!isConfig(target) || !document.getElementById("kind-spec")) return;
    if (target.dataset.wasPasted || "submitted" in target.form.dataset) inspect(spec(), target);
  });
  document.addEventListener("input", ({ target }) => {
    if (isConfig(target) && document.getElementById(`${target.id}_filled`)) mark(target, "", "filled");
  });

  // What was typed for a kind is kept, in this page alone, while another is shown.

  const kept = new Map();
  const fieldset = () => document.getElementById("kind-fields");
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "kind-fields" || !detail.shouldSwap) return;
    const typed = [...fieldset().querySelectorAll("input, select, textarea")].filter((input) => input.value);
    kept.set(fieldset().dataset.kindFields, typed.map((input) => [input.name, input.value]));
  });
  document.addEventListener("htmx:afterSettle", async ({ detail }) => {
    if (detail.elt.id !== "kind-fields" || !kept.has(fieldset().dataset.kindFields)) return;
    const typed = kept.get(fieldset().dataset.kindFields);
    kept.delete(fieldset().dataset.kindFields);
    const first = fieldset().querySelector("[name^='config-']");
    for (const { name, columns } of spec().fields) {
      const numbers = typed.map(([each]) => new RegExp(`^config-${name}-(\\d+)-`).exec(each)?.[1]).filter(Boolean);
      if (columns && numbers.length) await makeRows(first, name, Math.max(...numbers) + 1);
    }
    for (const [name, value] of typed) {
      const input = first.form.elements.namedItem(name);
      if (input && !input.value) input.value = value;
    }
  });

  // What was checked before it is sent is no longer that once something is changed.
  document.addEventListener("input", ({ target }) => {
    const stale = target.form?.id === "form" && document.querySelector("#preview [data-stale]");
    if (stale) stale.hidden = false;
  });
})();
