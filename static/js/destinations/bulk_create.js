// Creates the rows one after the other. Without JavaScript, each row has its own button.
"use strict";

(() => {
  const form = document.getElementById("bulk");
  const all = form.querySelector("[data-all]");
  const start = all.querySelector("[data-start]");
  const stop = all.querySelector("[data-stop]");
  const rows = () => [...form.querySelectorAll("[data-row]")];
  const left = () => rows().filter((row) => !("done" in row.dataset));
  let running = false;
  let stopping = false;
  let typed = false;

  const report = (words = "") => {
    const done = rows().filter((row) => "done" in row.dataset);
    const created = done.filter((row) => row.dataset.done === "succeeded").length;
    const parts = [`${created} of ${rows().length} created`];
    if (done.length > created) parts.push(`${done.length - created} unresolved`);
    parts.push(left().length ? `${left().length} to go` : "none left");
    all.querySelector("[data-progress]").textContent = `${words} ${parts.join(", ")}.`.trim();
    all.querySelector("[data-bar]").max = rows().length || 1;
    all.querySelector("[data-bar]").value = done.length;
    start.hidden = running || !left().length;
    stop.hidden = !running;
  };

  const halt = (words, row) => {
    running = false;
    report(words);
    row?.querySelector("[autofocus], .error-summary, input:not([type='hidden'])")?.focus();
  };

  const next = () => {
    const [row] = left();
    if (!row) return halt("Finished.");
    report(`Creating in ${row.querySelector("legend").textContent}.`);
    row.querySelector("[data-send]").click();
  };

  start.addEventListener("click", () => {
    running = true;
    next();
    stop.focus();
  });
  stop.addEventListener("click", () => {
    running = false;
    stopping = true;
    report("Stopping after the current one.");
    start.hidden = true;
  });

  form.addEventListener("click", ({ target }) => {
    const remove = target.closest("[data-remove]");
    if (!remove) return;
    remove.closest("[data-row]").remove();
    report();
    left()[0]?.querySelector("input:not([type='hidden'])")?.focus();
  });

  // Of all the rows only the one whose button was pressed is sent.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!detail.elt.matches("[data-send]")) return;
    for (const name of Array.from(detail.formData.keys())) {
      if (/^\d+-/.test(name) && !name.startsWith(`${detail.elt.value}-`)) detail.formData.delete(name);
    }
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const row = detail.elt.closest("[data-row]");
    if (!row || detail.requestConfig?.verb !== "post") return;
    if (!("done" in row.dataset)) return halt(`Stopped at ${row.querySelector("legend").textContent}. Fix it, then create the rest.`, row);
    if (row.dataset.done !== "succeeded") return halt("Stopped: the last attempt is unresolved. Check its record first.", row);
    if (running) return next();
    report(stopping ? "Stopped." : "");
    stopping = false;
    row.focus();
  });
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, ({ detail }) => detail.elt.matches("[data-send]") && halt("Stopped."));
  }
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    // Signed out, or the session was renewed: the message stands on top, and the rows are as they were.
    if (detail.elt.matches("[data-send]") && [401, 403].includes(detail.xhr.status)) halt("Stopped.");
  });

  form.addEventListener("input", () => { typed = true; });
  form.addEventListener("submit", () => { typed = false; });
  addEventListener("beforeunload", (event) => {
    if (typed && left().length) event.preventDefault();
  });

  report();
})();
