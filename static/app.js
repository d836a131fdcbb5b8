// Conveniences. Every page works without them.
"use strict";

(() => {
  const form = () => document.getElementById("form");
  const sending = () => form()?.classList.contains("htmx-request");
  // The kind whose fields are shown. The address may be ahead of it, or behind.
  const chosen = () => document.querySelector("#kinds [aria-current]");

  // In which zone the reader is, so that the next page can write moments in it, too.
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;

  // Buttons that only a script can serve stay hidden until there is one.
  htmx.onLoad((root) => {
    for (const button of root.querySelectorAll("[data-shows], [data-copy]")) button.hidden = false;

    // A secret that was kept is the input from before; what was wrong with it then is not wrong now.
    for (const { dataset } of root.querySelectorAll(".field:not(.field--error) [data-shows]")) {
      const input = document.getElementById(dataset.shows);
      input.removeAttribute("aria-invalid");
      const told = input.getAttribute("aria-describedby") ?? "";
      input.setAttribute("aria-describedby", told.split(" ").filter((id) => document.getElementById(id)).join(" "));
    }
  });

  // Say something at the top of the page, and bring the reader there.
  const say = (id) => {
    const messages = document.getElementById("messages");
    messages.replaceChildren(document.getElementById(id).content.cloneNode(true));
    const notice = messages.firstElementChild;
    notice.tabIndex = -1;
    notice.focus();
  };

  const show = (button, visible) => {
    document.getElementById(button.dataset.shows).type = visible ? "text" : "password";
    button.setAttribute("aria-pressed", visible);
    button.firstChild.data = visible ? "Hide" : "Show";
  };

  const hideSecrets = () => document.querySelectorAll("[data-shows]").forEach((button) => show(button, false));

  document.addEventListener("click", async ({ target }) => {
    const shows = target.closest("[data-shows]");
    if (shows) show(shows, shows.getAttribute("aria-pressed") !== "true");

    const copy = target.closest("[data-copy]");
    if (copy) {
      const words = copy.lastChild.previousSibling;
      await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
      words.data = "Copied";
      copy.classList.add("copy--done");
      setTimeout(() => {
        words.data = "Copy";
        copy.classList.remove("copy--done");
      }, 2000);
    }

    // A link to a mistake leads into the input itself, not only to its place on the page.
    const problem = target.closest(".error-summary a");
    const input = problem && document.getElementById(problem.hash.slice(1));
    if (input) setTimeout(() => input.focus());
  });

  document.addEventListener("submit", hideSecrets);
  document.addEventListener("htmx:beforeRequest", hideSecrets);

  // The address follows the kind, and the way back restores its fields: what is typed elsewhere is not touched.
  let shown = location.pathname;
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    // What was pressed may have been swapped away by now, so the request is asked for it.
    const pressed = detail.requestConfig.elt;
    if (detail.successful && pressed.matches("a.kind")) {
      history.pushState(null, "", detail.pathInfo.finalRequestPath);
      shown = location.pathname;
    }
    if (detail.successful && pressed.closest(".rows__row")) document.querySelector(".rows__add")?.focus();
  });
  // The chosen card comes with the fields. The others stay, but are not chosen, and their addresses carry the same place.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id !== "kind-fields") return;
    const card = document.getElementById(`kind-${document.getElementById("kind-fields").dataset.kindFields}`);
    for (const other of document.querySelectorAll("a.kind")) {
      if (other !== card) other.removeAttribute("aria-current");
      other.search = card.search;
    }
  });
  addEventListener("popstate", () => {
    // A link to a place on the page, like those of the error summary, comes here too: nothing is to be restored.
    if (location.pathname === shown) return;
    shown = location.pathname;
    if (!form()) return location.reload();
    if (sending()) {
      history.pushState(null, "", chosen().href);
      shown = location.pathname;
      return;
    }
    // As if a card had been pressed: of a card and the way back the later one counts. That it fails is told below.
    const way = { source: "#kinds", target: "#kind-fields", swap: "outerHTML" };
    htmx.ajax("GET", location.pathname, way).catch(() => {});
  });
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    // The form goes to the kind that is shown, whichever it was when the page came.
    const [, what] = /^\/destinations\/new\/[^/]+\/(.*)$/.exec(detail.path) ?? [];
    if (detail.elt.id === "form") detail.path = chosen().pathname + what;
    // The address has the place as far as it is chosen.
    if (detail.elt.closest("#kinds")) {
      for (const [name, value] of [...detail.formData]) if (!value) detail.formData.delete(name);
    }
  });

  // What is sent is what is shown: nothing in the form changes until the answer is there.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.id === "form") form().querySelectorAll("[hx-sync]").forEach((part) => htmx.trigger(part, "htmx:abort"));
    else if (elt.closest("#form") && sending()) event.preventDefault();
  });

  // An answer that is not ours, from a proxy on the way, is never put into the page.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.xhr.getResponseHeader("X-Request-ID")) {
      detail.shouldSwap = false;
      detail.isError = true;
    }
  });

  // What a page asks for by itself it asks for again, or leaves. That this fails is said in its place; a refusal takes the focus once.
  const following = ({ requestConfig }) => requestConfig.elt.matches("[hx-trigger*='every '], [hx-trigger='load']") && requestConfig.elt;
  const cutOff = (detail, is) => {
    const notice = following(detail).querySelector("[data-cut-off]");
    if (notice) notice.hidden = !is;
  };
  let refused = 0;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { status } = detail.xhr;
    if (!following(detail)) return;
    // What is only beside the page's own matter takes no focus: no answer but the thing itself is shown.
    if (detail.requestConfig.elt.matches("[hx-trigger='load']")) {
      if (status >= 400) Object.assign(detail, { shouldSwap: false, isError: true });
      return;
    }
    if (status === refused) detail.shouldSwap = false;
    if (status < 400 && refused) document.getElementById("messages").replaceChildren();
    refused = status < 400 ? 0 : status;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (following(detail)) cutOff(detail, !detail.successful);
  });
  const lose = (detail, words) => following(detail) || say(words);
  document.addEventListener("htmx:responseError", ({ detail }) => {
    lose(detail, detail.xhr.getResponseHeader("X-Request-ID") ? "failed" : "lost");
  });
  document.addEventListener("htmx:sendError", ({ detail }) => lose(detail, "lost"));
  document.addEventListener("htmx:timeout", ({ detail }) => lose(detail, "lost"));
})();
