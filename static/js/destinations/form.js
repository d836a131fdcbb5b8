// The form for a destination. The kind's JSON and the modules that use it are loaded with the first focus on one of the
// kind's fields: a page that is only looked at does without. The form works without any of it.
"use strict";

(() => {
  const modules = document.currentScript.dataset;
  const isConfig = (input) => input instanceof HTMLElement && /^(?:\d+-)?config-/.test(input.name ?? "");
  const urlOf = (input) => input.closest("[data-kind-fields]").dataset.kindSpec;
  const kinds = new Map();
  const requests = new Map();
  let fields;

  const loadModules = async () => {
    const [module, reader] = await Promise.all([import(modules.fields), import(modules.paste)]);
    module.setUp({ reader, load });
    fields = module;
  };

  const request = async (url) => {
    try {
      const [response] = await Promise.all([fetch(url), fields ?? loadModules()]);
      kinds.set(url, await response.json());
      for (const each of document.querySelectorAll(`[data-kind-spec="${url}"]`)) each.dataset.loaded = "";
    } catch {
      // Signed out, or no connection: the next focus tries again.
      requests.delete(url);
    }
    return kinds.get(url);
  };

  // Resolves to the input's kind, or to undefined.
  const load = (input) => {
    const url = urlOf(input);
    if (!requests.has(url)) requests.set(url, request(url));
    return requests.get(url);
  };

  document.addEventListener("focusin", ({ target }) => {
    if (isConfig(target)) load(target);
  });

  document.addEventListener("paste", async (event) => {
    const input = event.target;
    if (!isConfig(input)) return;
    const text = event.clipboardData.getData("text/plain");
    const loaded = kinds.get(urlOf(input));
    const react = loaded && fields.reactionTo(text, input, loaded);
    if (react) {
      event.preventDefault();
      react();
      return;
    }
    input.dataset.wasPasted = "yes";
    if (loaded) return;
    // The kind's JSON is still on its way: until it is there, the text stays in the field.
    const kind = await load(input);
    const withoutSpaces = (each) => each.replace(/\s/g, "");
    const isUnchanged = withoutSpaces(input.value) === withoutSpaces(text);
    const late = kind && isUnchanged && fields.reactionTo(text, input, kind);
    if (!late) return;
    input.value = "";
    late();
  });

  document.addEventListener("focusout", async ({ target }) => {
    if (!isConfig(target) || !(target.dataset.wasPasted || "submitted" in target.form.dataset)) return;
    const kind = await load(target);
    if (kind && target.isConnected) fields.check(kind, target);
  });

  // A preview is out of date once something is changed.
  document.addEventListener("input", ({ target }) => {
    const stale = target.form?.id === "form" && document.querySelector("#preview [data-stale]");
    if (stale) stale.hidden = false;
  });
})();
