// What htmx does not do: mark old advice, announce, keys. Without scripts every form still works. It stores nothing.
"use strict";
(() => {
  const at = (id) => document.getElementById(id); // looked up anew: an answer may have replaced the whole page
  const QUIET = 700; // ms without a key before a number that is being typed is taken; half of one is another number
  const SOON = 300; // ms after which the page says that an answer is on its way
  const LONGEST_WAIT = 1500; // ms; the advice is marked as not current before 2 s have passed, and a late answer is taken
  const ANSWERS = [200, 409, 422, 503]; // answers that are a page
  let timer = 0;
  let slow = 0;
  let late = 0;
  let running = null;
  let focused = "";

  const mark = (stale) => {
    document.body.classList.toggle("stale", stale);
    at("not-current").hidden = !stale;
  };
  const critical = () => document.querySelector("#tier.tier-settled.t-critical") !== null;
  let wasCritical = critical();

  // A line that says what it said is sent by its name and digest alone, and stays as it is.
  htmx.registerExtension("same", {
    htmx_before_morph_node: (_, { oldNode, newNode }) =>
      !newNode.hasAttribute("data-same") || newNode.dataset.is !== oldNode.dataset.is,
  });
  const asksForAll = () => { at("entry").elements.drawn.value = ""; };

  const drawn = () => {
    for (const field of at("entry").querySelectorAll(".field")) {
      const wrong = field.querySelector(".error") !== null;
      const input = field.querySelector("input[type=text], select");
      field.classList.toggle("wrong", wrong);
      if (wrong) input?.setAttribute("aria-invalid", "true");
      else input?.removeAttribute("aria-invalid");
    }
    for (const button of document.querySelectorAll(".needs-script")) button.hidden = false;
  };

  // A choice counts at once, a number when its field is left or the keys rest: "1" is not yet "124".
  const sends = () => at("entry").dispatchEvent(new Event("typed"));
  document.addEventListener("input", (event) => {
    if (!event.target.matches("#entry input.number")) return;
    clearTimeout(timer);
    timer = setTimeout(sends, QUIET);
  });
  document.addEventListener("change", () => clearTimeout(timer));
  document.addEventListener("submit", (event) => {
    clearTimeout(timer);
    const pressed = event.submitter;
    if (pressed?.getAttribute("formaction")) return event.stopImmediatePropagation(); // plain text, as a page of its own
    focused = "#errors, #others";
    if (pressed?.name === "switch") focused = "#switch [aria-pressed]";
    else if (pressed?.closest("#ask")) focused = "#ask button";
    else if (pressed?.closest("#answer")) focused = "";
    const choice = pressed?.name === "switch" && at("entry").elements.setting;
    if (choice) choice.value = pressed.value;
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    running = event.detail.ctx;
    clearTimeout(slow);
    clearTimeout(late);
    slow = setTimeout(() => { at("updating").hidden = false; }, SOON);
    late = setTimeout(() => mark(true), LONGEST_WAIT);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.detail.ctx !== running) return; // a later one has taken its place
    clearTimeout(slow);
    clearTimeout(late);
    at("updating").hidden = true;
  });
  document.addEventListener("htmx:error", () => {
    mark(true);
    asksForAll(); // whatever was put in place of it
  });
  document.addEventListener("htmx:after:request", (event) => {
    if (!ANSWERS.includes(event.detail.ctx.response.status)) mark(true);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (!ANSWERS.includes(event.detail.ctx.response?.status)) return;
    if (document.querySelector("[data-same]")) { // a line is missing here, or is not what the service takes it for
      mark(true);
      asksForAll();
      sends();
      return;
    }
    mark(false);
    drawn();
    const now = critical();
    at("alarm").textContent = now && !wasCritical ? at("live").textContent : "";
    wasCritical = now;
    if (focused) document.querySelector(focused)?.focus(); // what was pressed is drawn anew
    focused = "";
  });

  document.addEventListener("click", (event) => {
    const from = event.target.dataset?.from;
    if (from) navigator.clipboard.writeText(at(from).value);
  });
  // The same keys in every browser: Alt and the letter on the button.
  addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const wanted = [...document.querySelectorAll("#switch [accesskey]")];
    const button = wanted.find((it) => `Key${it.accessKey.toUpperCase()}` === event.code);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
  // A page that the browser kept, perhaps from another patient, is loaded anew.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.querySelector("#errors, #others")?.focus();
  drawn();
})();
