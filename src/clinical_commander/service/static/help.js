// "?" opens and closes the list of keys, unless it is switched off there or a field has the focus. It stores nothing.
"use strict";
(() => {
  const at = (id) => document.getElementById(id); // looked up anew: an answer may have replaced the whole page
  const offersTheSwitch = () => at("help-key").closest("[hidden]")?.removeAttribute("hidden");
  addEventListener("keydown", (event) => {
    const help = at("help");
    const summary = help.querySelector("summary");
    if (event.key === "Escape" && help.open && help.contains(document.activeElement)) {
      help.open = false;
      summary.focus();
      return;
    }
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || !at("help-key").checked) return;
    if (document.activeElement?.matches("input:not([type=checkbox]):not([type=radio]), select, textarea")) return;
    event.preventDefault();
    help.open = !help.open;
    if (help.open) summary.focus();
  });
  document.addEventListener("htmx:after:swap", offersTheSwitch);
  offersTheSwitch();
})();
