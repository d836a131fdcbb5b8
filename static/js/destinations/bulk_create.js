// Rows that are created one after the other. Without it each row has its own button.
"use strict";

(() => {
  const form = document.getElementById("several");
  const all = form.querySelector("[data-all]");
  const start = all.querySelector("[data-start]");
  const stop = all.querySelector("[data-stop]");
  const rows = () => [...form.querySelectorAll("[data-row]")];
  const left = () => rows().filter((row) => !("done" in row.dataset));
  let running = false;
  let stopping = false;
  let typed = false;

  const tell = (words = "") => {
    const done = rows().filter((row) => "done" in row.dataset);
    const created = done.filter((row) => row.dataset.done === "succeeded").length;
    const parts = [`${created} of ${rows().length} created`];
    if (done.length > created) parts.push(`${done.length - created} not known for certain`);
    parts.push(left().length ? `${left().length} to go` : "nothing remains");
    all.querySelector("[data-progress]").textContent = `${words} ${parts.join(", ")}.`.trim();
    all.querySelector("[data-bar]").max = rows().length || 1;
    all.querySelector("[data-bar]").value = done.length;
    start.hidden = running || !left().length;
    stop.hidden = !running;
  };

  const halt = (words, row) => {
    running = false;
    tell(words);
    row?.querySelector("[autofocus], .error-summary, input:not([type='hidden'])")?.focus();
  };

  const next = () => {
    const [row] = left();
    if (!row) return halt("Finished.");
    tell(`Creating in ${row.querySelector("legend").textContent}.`);
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
    tell("Stopping after the one that is under way.");
    start.hidden = true;
  });

  form.addEventListener("click", ({ target }) => {
    const leave = target.closest("[data-leave-out]");
    if (!leave) return;
    leave.closest("[data-row]").remove();
    tell();
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
    if (!("done" in row.dataset)) return halt(`Stopped at ${row.querySelector("legend").textContent}: see what it says.`, row);
    if (row.dataset.done !== "succeeded") return halt("Stopped: it is not known what came of the last one.", row);
    if (running) return next();
    tell(stopping ? "Stopped." : "");
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

  tell();
})();
