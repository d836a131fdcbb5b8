// The time of the first event: filled in with the current time, and shown in the viewer's time zone beside UTC.
"use strict";

(() => {
  const showLocalTime = (input) => {
    const output = document.querySelector(`[data-local-time="${input.id}"]`);
    const time = new Date(`${input.value}Z`);
    const isLocal = !Number.isNaN(time.valueOf()) && time.getTimezoneOffset() !== 0;
    output.textContent = isLocal ? `Your time: ${time.toLocaleString()}` : "";
  };

  htmx.onLoad((root) => {
    for (const button of root.querySelectorAll("[data-now]")) {
      button.hidden = false;
      showLocalTime(document.getElementById(button.dataset.now));
    }
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-now]");
    if (!button) return;
    const input = document.getElementById(button.dataset.now);
    input.value = new Date().toISOString().slice(0, 19);
    showLocalTime(input);
  });
  document.addEventListener("input", ({ target }) => {
    if (document.querySelector(`[data-local-time="${target.id}"]`)) showLocalTime(target);
  });
})();
