// Conveniences on every page. Each page works without them.
"use strict";

(() => {
  // The server also writes times in the user's time zone.
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;

  htmx.onLoad((root) => {
    // Buttons that need a script stay hidden until there is one.
    for (const button of root.querySelectorAll("[data-shows], [data-copy]")) button.hidden = false;

    // A secret's input is kept from before: an error that it had then is over.
    for (const { dataset } of root.querySelectorAll(".field:not(.field--error) [data-shows]")) {
      const input = document.getElementById(dataset.shows);
      input.removeAttribute("aria-invalid");
      const described = (input.getAttribute("aria-describedby") ?? "").split(" ");
      input.setAttribute("aria-describedby", described.filter((id) => document.getElementById(id)).join(" "));
    }
  });

  // Secrets

  const show = (button, visible) => {
    document.getElementById(button.dataset.shows).type = visible ? "text" : "password";
    button.setAttribute("aria-pressed", visible);
    button.firstChild.data = visible ? "Hide" : "Show";
  };
  const hideSecrets = () => document.querySelectorAll("[data-shows]").forEach((button) => show(button, false));
  document.addEventListener("submit", hideSecrets);
  document.addEventListener("htmx:beforeRequest", hideSecrets);

  const copy = async (button) => {
    const label = button.lastChild.previousSibling;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    label.data = "Copied";
    button.classList.add("copy--done");
    setTimeout(() => {
      label.data = "Copy";
      button.classList.remove("copy--done");
    }, 2000);
  };

  document.addEventListener("click", ({ target }) => {
    const shows = target.closest("[data-shows]");
    if (shows) show(shows, shows.getAttribute("aria-pressed") !== "true");
    const copies = target.closest("[data-copy]");
    if (copies) copy(copies);
    // A link in the error summary leads into the input, not only to its place on the page.
    const link = target.closest(".error-summary a");
    const input = link && document.getElementById(link.hash.slice(1));
    if (input) setTimeout(() => input.focus());
  });

  // The form of a destination

  const form = () => document.getElementById("form");
  const currentCard = () => document.querySelector("#kinds [aria-current]");

  // htmx marks the entry that it replaced as its own, and would fetch the whole page on the way back to it from a link
  // within the page: everything typed would be lost.
  document.addEventListener("htmx:replacedInHistory", () => history.replaceState(null, ""));

  // The fields of a kind are there: its card is the current one, and all cards lead to the same environment.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id !== "kind-fields") return;
    const current = `kind-${document.getElementById("kind-fields").dataset.kindFields}`;
    for (const card of document.querySelectorAll("a.kind")) {
      card.search = location.search;
      if (card.id === current) card.setAttribute("aria-current", "true");
      else card.removeAttribute("aria-current");
    }
  });
  // A name that was only suggested follows the type and the environment.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    const suggested = document.getElementById(detail.target?.id)?.dataset.suggestedName;
    const name = suggested && form()?.elements.namedItem("name");
    if (name && name.value === (name.dataset.suggested ?? "")) name.value = name.dataset.suggested = suggested;
  });

  // The URL of a search has no empty parameters.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (!detail.elt.closest("[role=search]")) return;
    for (const [name, value] of Array.from(detail.formData)) if (!value) detail.formData.delete(name);
  });

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    // What is typed is posted to the kind that is shown, whichever it was when the page was loaded.
    const [, intent] = /^\/destinations\/new\/[^/]+\/(.*)$/.exec(detail.path) ?? [];
    if (detail.verb === "post" && detail.elt.closest("#form")) detail.path = currentCard().pathname + intent;
    // The URL contains the chosen project and environment as the server writes them, never what is typed.
    if (detail.elt.closest("#kinds")) detail.path += document.getElementById("environment-field").dataset.query;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    // The button that removed a row is gone with it.
    const pressed = detail.requestConfig.elt;
    if (detail.successful && pressed.closest(".rows__row")) document.querySelector(".rows__add")?.focus();
  });

  // What is sent is what is shown: nothing in the form changes until the response is there.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.id === "form") form().querySelectorAll("[hx-sync]").forEach((part) => htmx.trigger(part, "htmx:abort"));
    else if (elt.closest("#form") && form().classList.contains("htmx-request")) event.preventDefault();
  });

  // What is busy: the button that was pressed, not the other one; or the part of the form that is being loaded.
  document.addEventListener("htmx:beforeRequest", ({ detail, defaultPrevented }) => {
    if (defaultPrevented) return;
    const { submitter } = detail.requestConfig.triggeringEvent ?? {};
    const pressed = document.getElementById(submitter?.dataset.presses) ?? submitter;
    const busy = detail.elt.id === "form" ? pressed : detail.target;
    busy?.setAttribute("aria-busy", "true");
    detail.xhr.addEventListener("loadend", () => busy?.removeAttribute("aria-busy"));
  });

  // Where another environment has been typed since the list was requested, the list is not shown: a request for that
  // environment is on its way, or will be when the field is left.
  const environment = ({ target }) => target.id === "environment-field" && form().elements.namedItem("environment");
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    detail.requestConfig.environment = environment(detail)?.value;
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (environment(detail) && environment(detail).value !== detail.requestConfig.environment) detail.shouldSwap = false;
  });

  // Leaving the page

  let typed = false;
  for (const type of ["input", "paste"]) {
    document.addEventListener(type, ({ target }) => {
      if (target.form?.id === "form" || (type === "paste" && form())) typed = true;
    });
  }
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (target.id === "form" && !defaultPrevented) leave();
  });
  document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
    if (detail.xhr.getResponseHeader("HX-Redirect")) leave();
  });
  const leave = () => {
    typed = false;
    delete form()?.dataset.typed;
  };
  addEventListener("beforeunload", (event) => {
    if (typed || form()?.matches("[data-typed]")) event.preventDefault();
  });

  // Failures

  // A response that is not ours, from a proxy on the way, is never put into the page.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.xhr.getResponseHeader("X-Request-ID")) Object.assign(detail, { shouldSwap: false, isError: true });
  });

  // Show one of the page's prepared messages on top, and move the focus there.
  const say = (id) => {
    const messages = document.getElementById("messages");
    messages.replaceChildren(document.getElementById(id).content.cloneNode(true));
    const notice = messages.firstElementChild;
    notice.tabIndex = -1;
    notice.focus();
  };
  document.addEventListener("htmx:responseError", ({ detail }) => {
    say(detail.xhr.getResponseHeader("X-Request-ID") ? "failed" : "lost");
  });
  document.addEventListener("htmx:sendError", () => say("lost"));
  document.addEventListener("htmx:timeout", () => say("lost"));
})();
