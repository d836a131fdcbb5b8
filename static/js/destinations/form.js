// The form for a destination. The kind's JSON and the modules that use it are loaded with the first focus on the paste box or
// on one of the kind's fields: a page that is only looked at does without. The form works without any of it.
"use strict";

(() => {
  const modules = document.currentScript.dataset;
  const isConfig = (input) => input instanceof HTMLElement && /^(?:\d+-)?config-/.test(input.name ?? "");
  const isBox = (input) => input instanceof HTMLElement && input.matches("[data-paste-box] textarea");
  const fieldsOf = (input) => input.closest("[data-kind-fields]") ?? input.form.querySelector("[data-kind-fields]");
  const urlOf = (input) => fieldsOf(input).dataset.kindSpec;
  const kinds = new Map();
  const requests = new Map();
  let loading;
  let fields;
  let filling;

  const loadModules = async () => {
    const urls = [modules.paste, modules.fields, modules.filling];
    const [reader, ...others] = await Promise.all(urls.map((url) => import(url)));
    [fields, filling] = others;
    filling.setUp({ reader, fields, load });
  };

  const request = async (url) => {
    try {
      loading ??= loadModules();
      const [response] = await Promise.all([fetch(url), loading]);
      kinds.set(url, await response.json());
    } catch {
      // Signed out, or no connection: the next focus tries again.
      requests.delete(url);
      if (!fields) loading = undefined;
    }
    return kinds.get(url);
  };

  // Resolves to the input's kind, or to undefined.
  const load = async (input) => {
    const { dataset } = fieldsOf(input);
    const url = dataset.kindSpec;
    if (!requests.has(url)) requests.set(url, request(url));
    const kind = await requests.get(url);
    if (kind) dataset.loaded = "";
    return kind;
  };

  document.addEventListener("focusin", ({ target }) => {
    if (isConfig(target) || isBox(target)) load(target);
  });

  // The box is emptied at once: what is pasted may hold a secret, which belongs into its own field alone.
  const readBox = async (box, text) => {
    box.value = "";
    if (!text.trim()) return;
    const kind = await load(box);
    if (kind) filling.use(box, kind, text);
    else box.closest("[data-paste-box]").querySelector("[data-pasted]").textContent = "The connection was lost. Paste it again.";
  };

  // Pasted where no field has the focus, a text is for the box.
  const pastedInto = (target) => (target.closest("input, textarea, select") ? target : document.querySelector(".form > .paste textarea"));

  document.addEventListener("paste", async (event) => {
    const input = pastedInto(event.target);
    if (!isConfig(input) && !isBox(input)) return;
    const text = event.clipboardData.getData("text/plain");
    if (isBox(input)) {
      event.preventDefault();
      readBox(input, text);
      return;
    }
    const loaded = kinds.get(urlOf(input));
    const react = loaded && filling.reactionTo(text, input, loaded);
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
    const late = kind && isUnchanged && filling.reactionTo(text, input, kind);
    if (!late) return;
    input.value = "";
    late();
  });

  document.addEventListener("focusout", async ({ target }) => {
    if (!isConfig(target) || !(target.dataset.wasPasted || "submitted" in target.form.dataset)) return;
    const kind = await load(target);
    if (kind && target.isConnected) fields.check(kind, target);
  });

  document.addEventListener("input", async (event) => {
    const { target } = event;
    // Dropped or put in at once is read now, typed text on leaving.
    const isTyped = event.isComposing || /^(?:delete|insert(?:Text|LineBreak)$)/.test(event.inputType) && !(event.data?.length > 1);
    if (isBox(target)) return isTyped || readBox(target, target.value);
    // A preview is out of date once something is changed.
    const stale = target.form?.id === "form" && document.querySelector("#preview [data-stale]");
    if (stale) stale.hidden = false;
    if (isConfig(target) || !target.closest(".field--error")) return;
    if (await load(target)) fields.recheck(target);
  });
  document.addEventListener("change", ({ target }) => {
    if (isBox(target)) readBox(target, target.value);
  });
})();
