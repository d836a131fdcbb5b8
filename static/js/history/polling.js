// Parts of a page that are loaded by themselves, once or again and again. A failure is shown in their place and not on top
// of the page; a refusal takes the focus only once.
"use strict";

(() => {
  const polled = ({ requestConfig }) =>
    requestConfig.elt.matches("[hx-trigger*='every '], [hx-trigger='load'], [data-optional]") && requestConfig.elt;
  let lastRefusal = 0;

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { status } = detail.xhr;
    if (!polled(detail)) return;
    // Only beside the page's own content: nothing but the part itself is shown.
    if (detail.requestConfig.elt.matches("[hx-trigger='load'], [data-optional]")) {
      if (status >= 400) Object.assign(detail, { shouldSwap: false, isError: true });
      return;
    }
    if (status === lastRefusal) detail.shouldSwap = false;
    if (status < 400 && lastRefusal) document.getElementById("messages").replaceChildren();
    lastRefusal = status < 400 ? 0 : status;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const notice = polled(detail) && polled(detail).querySelector("[data-cut-off]");
    if (notice) notice.hidden = detail.successful;
  });
  // Captured, so that app.js does not hear of it.
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => polled(event.detail) && event.stopPropagation(), true);
  }
})();
