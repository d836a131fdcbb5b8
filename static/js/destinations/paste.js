// Reads a pasted text with a kind's patterns: which fields it fills, and with what. Nothing leaves the browser.

export const LONGEST = 8_000;
const TERRAFORM = "Terraform block";
const COMMON = { name: "name", project_key: "project", env_key: "environment", on: "on" };
const RESOURCE = /\bresource\s{1,40}["']launchdarkly_destination["'][^{]{0,200}\{/g;
const DESTINATION_URL = /\/api\/v2\/destinations\/([A-Za-z0-9][A-Za-z0-9._-]*)\/([A-Za-z0-9][A-Za-z0-9._-]*)/;
// What LaunchDarkly shows in place of a secret.
const OBFUSCATED = /\*{3}|•/;
// In Terraform: a name, then a quoted string or anything else.
const ASSIGNMENT = /"?([A-Za-z_]\w{0,60})"?\s{0,40}[=:]\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"{}[\]]+|[[{]))/g;
// The name in an assignment of any language, without its value.
const ASSIGNED = /(?:^|[;\s,{?&])["']?([A-Za-z_][\w.-]{0,60})["']?\s{0,40}(?:=|:(?![/\d]))/g;
// A name that may be shown: what was pasted is never repeated, and a long word could be a secret.
const NAME = /^(?:[A-Za-z_(][A-Za-z_.()-]{0,29}\d{0,3}(?: |$))+$/;
// What a group of this name matches is cut away.
const UNUSED = "unused_";
const QUOTED = /"(?:[^"\\]|\\.)*"/y;

const find = (pattern, text) => new RegExp(pattern, "i").exec(text);

export const read = (kind, text) => {
  if (text.length > LONGEST) return null;
  const reading = readTerraform(kind, text) ?? readJson(kind, text);
  if (reading) return reading;
  for (const paste of kind.pastes) {
    const parts = find(paste.sign, text) && readParts(kind, paste, text);
    if (parts) return parts;
  }
  return null;
};

// The kind that a text is for, when its signs are another kind's.
export const otherKind = (kind, text) =>
  kind.others.find(({ signs }) => signs.some((sign) => find(sign, text)))?.slug;

const newReading = (source, values = {}, { unused = [], ...more } = {}) => ({
  source,
  values,
  common: {},
  facts: {},
  unused: [...new Set(unused.map((name) => (NAME.test(name) ? name : "other text")))],
  ...more,
});

const readParts = (kind, paste, text) => {
  const groups = {};
  const unused = new Set();
  let rest = text;
  for (const part of paste.parts) {
    rest = rest.replace(new RegExp(part, "gi"), (...match) => {
      for (const [name, value] of Object.entries(match.at(-1))) {
        if (!value) continue;
        const field = kind.fields.find((each) => each.name === name);
        if (name.startsWith(UNUSED)) unused.add(name.slice(UNUSED.length).replaceAll("_", " "));
        else if (name in groups && groups[name] !== value && field) unused.add(`a second ${field.label}`);
        else groups[name] ??= field?.multiline ? value.replaceAll("\\r", "").replaceAll("\\n", "\n") : value;
      }
      return " ";
    });
  }
  for (const [name, made] of paste.made) {
    const needed = [...made.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    if (!(name in groups) && needed.every((group) => group in groups)) {
      groups[name] = made.replace(/\{(\w+)\}/g, (_, group) => groups[group]);
    }
  }
  const pick = (names) =>
    Object.fromEntries(names.filter((name) => name in groups).map((name) => [name, groups[name]]));
  const values = pick(kind.fields.map((field) => field.name));
  if (!Object.keys(values).length && !paste.instead) return null;
  for (const [, name] of rest.matchAll(ASSIGNED)) unused.add(name);
  return newReading(paste.name, values, { facts: pick(kind.facts), unused: [...unused], instead: paste.instead });
};

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// A destination of LaunchDarkly's API or its configuration alone, also inside a curl command.
const readJson = (kind, text) => {
  const item = jsonObject(text);
  if (!item) return null;
  const source = /\bcurl\s/.test(text.slice(0, text.indexOf("{"))) ? "curl command" : "JSON object";
  let config = "config" in item ? item.config : item;
  if (typeof config === "string") config = jsonObject(config);
  if (!isObject(config)) return null;
  const fields = Object.fromEntries(kind.fields.map((field) => [field.api, field]));
  const keys = Object.keys(config);
  const slug = kindOf(item) ?? (keys.some((api) => api in fields) ? kind.slug : kindWith(kind, keys));
  if (!slug) return null;
  if (slug !== kind.slug) return newReading(source, {}, { kind: slug });
  const values = {};
  for (const field of kind.fields) {
    const value = fromApi(field, config[field.api]);
    if (value.length) values[field.name] = value;
  }
  const common = environmentOf(text);
  const unused = keys.filter((api) => !(fields[api] && fields[api].name in values));
  if (config !== item) {
    if (typeof item.name === "string") common.name = item.name;
    if (typeof item.on === "boolean") common.on = String(item.on);
    const used = ["kind", "config", "version", ...Object.keys(common)];
    unused.push(...Object.keys(item).filter((key) => !key.startsWith("_") && !used.includes(key)));
  }
  return newReading(source, values, { common, unused });
};

const kindOf = (item) => (typeof item.kind === "string" && item.kind) || undefined;
const kindWith = (kind, keys) =>
  kind.others.find(({ names }) => keys.length > 1 && keys.every((key) => names.includes(key)))?.slug;

const jsonObject = (text) => {
  const begin = text.indexOf("{");
  const end = text.lastIndexOf("}");
  if (begin < 0 || end < begin) return null;
  const inner = text.slice(begin, end + 1);
  // As it is, or in a shell's quotes.
  for (const attempt of [inner, inner.replaceAll("'\\''", "'"), inner.replaceAll('\\"', '"')]) {
    try {
      const object = JSON.parse(attempt);
      if (isObject(object)) return object;
    } catch {
      continue;
    }
  }
  return null;
};

const fromApi = (field, value) => {
  if (!field.columns) return typeof value !== "string" || (field.secret && OBFUSCATED.test(value)) ? "" : value;
  const rows = Array.isArray(value) ? value.filter(isObject) : [];
  return rows.map((row) =>
    Object.fromEntries(
      field.columns.filter(([, api]) => typeof row[api] === "string").map(([name, api]) => [name, row[api]]),
    ),
  );
};

// https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
const readTerraform = (kind, whole) => {
  if (!whole.includes("launchdarkly_destination")) return null;
  const plain = whole.replace(/^[^\S\n]*(?:#|\/\/).*$/gm, "");
  const [first, second] = [...plain.matchAll(RESOURCE)];
  // Of several blocks, the first.
  const text = first ? plain.slice(first.index, closing(plain, first.index + first[0].length - 1) + 1) : plain;
  const begin = /\bconfig\s{0,40}=?\s{0,40}\{/.exec(text);
  if (!begin) return null;
  const start = begin.index + begin[0].length;
  const end = closing(text, start - 1);
  const outer = {};
  const references = [];
  for (const [name, value, literal] of assignments(`${text.slice(0, begin.index)} ${text.slice(end + 1)}`)) {
    if (literal) outer[name] = value;
    else references.push(name);
  }
  const slug = outer.kind ?? kind.slug;
  if (slug !== kind.slug) return newReading(TERRAFORM, {}, { kind: slug });
  const { values, unused } = readTerraformConfig(kind, text.slice(start, end));
  const common = {};
  for (const [name, form] of Object.entries(COMMON)) if (name in outer) common[form] = outer[name];
  const others = Object.keys(outer).filter((name) => name !== "kind" && !(name in COMMON));
  unused.push(...others, ...references, ...(second ? ["a second destination"] : []));
  return newReading(TERRAFORM, values, { common, unused });
};

const readTerraformConfig = (kind, text) => {
  const values = {};
  const unused = [];
  let config = text;
  for (const field of kind.fields.filter((each) => each.columns)) {
    const match = new RegExp(`\\b${field.name}\\s{0,40}=\\s*`).exec(config);
    if (!match) continue;
    const start = match.index + match[0].length;
    const end = rowsEnd(config, start);
    const rows = terraformRows(field, config.slice(start, end));
    config = `${config.slice(0, match.index)} ${config.slice(end)}`;
    if (rows.length) values[field.name] = rows;
  }
  const names = kind.fields.filter((field) => !field.columns).map((field) => field.name);
  for (const [name, value, literal] of assignments(config)) {
    if (names.includes(name) && literal) values[name] ??= value;
    else unused.push(name);
  }
  return { values, unused };
};

// [name, value, whether the value is literal: a reference or an interpolation is not]
const assignments = (text) =>
  [...text.matchAll(ASSIGNMENT)].map(([, name, quoted, other]) =>
    quoted === undefined
      ? [name, other, other === "true" || other === "false"]
      : [name, unescaped(quoted), !/(?<!\$)\$\{|(?<!%)%\{/.test(quoted)],
  );

const unescaped = (text) => {
  const plain = { n: "\n", r: "\r", t: "\t" };
  return text
    .replace(/\\(.)/g, (_, character) => plain[character] ?? character)
    .replaceAll("$${", "${")
    .replaceAll("%%{", "%{");
};

// Where the bracket at a position is closed, or the end of the text.
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

// Where the value of a field with columns ends: a quoted string, or a list, perhaps in jsonencode(…).
const rowsEnd = (text, begin) => {
  QUOTED.lastIndex = begin;
  if (QUOTED.test(text)) return QUOTED.lastIndex;
  const list = text.indexOf("[", begin);
  return list < 0 ? begin : closing(text, list) + 1;
};

const terraformRows = (field, source) => {
  const text = source.startsWith('"') ? unescaped(source.slice(1, -1)) : source;
  const rows = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, inner]) => {
    const cells = Object.fromEntries(assignments(inner).filter(([, , literal]) => literal));
    return Object.fromEntries(
      field.columns.filter(([, api]) => api in cells).map(([name, api]) => [name, cells[api]]),
    );
  });
  return rows.filter((row) => Object.keys(row).length);
};

const environmentOf = (text) => {
  const match = DESTINATION_URL.exec(text);
  return match ? { project: match[1], environment: match[2] } : {};
};
