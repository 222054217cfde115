// "?" opens and closes the list of keys, unless it is switched off there or a field has the focus. It stores nothing.
"use strict";
(() => {
  const help = document.getElementById("help");
  const summary = help.querySelector("summary");
  const wanted = document.getElementById("help-key");
  wanted.closest("[hidden]").hidden = false;
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && help.open && help.contains(document.activeElement)) {
      help.open = false;
      summary.focus();
      return;
    }
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || !wanted.checked) return;
    if (document.activeElement?.matches("input:not([type=checkbox]):not([type=radio]), select, textarea")) return;
    event.preventDefault();
    help.open = !help.open;
    if (help.open) summary.focus();
  });
})();
