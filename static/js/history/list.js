// Conveniences of the history's list: keyboard shortcuts, and rows that open on a click anywhere.
"use strict";

(() => {
  const dialog = document.getElementById("shortcuts");
  const enabled = document.getElementById("shortcuts-on");
  const links = () => [...document.querySelectorAll(".records__name a")];

  // Shortcuts of one character can be turned off: speech input would trigger them. https://www.w3.org/TR/WCAG22/#character-key-shortcuts
  enabled.checked = localStorage.getItem("shortcuts") !== "off";
  enabled.addEventListener("change", () => localStorage.setItem("shortcuts", enabled.checked ? "on" : "off"));

  const move = (step) => {
    const all = links();
    const current = all.indexOf(document.activeElement.closest("tr")?.querySelector(".records__name a"));
    const next = all[current < 0 ? 0 : current + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const shortcuts = {
    "/": () => document.getElementById("id_q").focus(),
    n: () => dialog.dataset.new && location.assign(dialog.dataset.new),
    j: () => move(1),
    k: () => move(-1),
    "?": () => dialog.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const typing = target.closest("input, select, textarea, dialog, [contenteditable]");
    if (!enabled.checked || typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(shortcuts, key)) return;
    event.preventDefault();
    shortcuts[key]();
  });

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-shortcuts]")) dialog.showModal();
    const link = target.closest(".records tbody tr")?.querySelector(".records__name a");
    if (!link || target.closest("a") || getSelection().toString()) return;
    link.dispatchEvent(new MouseEvent("click", event));
  });

  // Times are relative to now, and the page may stay open.
  const units = { y: 31536000, mo: 2592000, d: 86400, h: 3600, min: 60 };
  setInterval(() => {
    for (const time of document.querySelectorAll(".records time")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      const unit = Object.keys(units).find((name) => seconds >= units[name]);
      if (unit) time.textContent = `${Math.floor(seconds / units[unit])} ${unit} ago`;
    }
  }, 60000);
})();
